# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of database: commands in its messages."""

from __future__ import annotations

from ansible_collections.rarebooks.platform.plugins.plugin_utils._commands import MessageAction


class ActionModule(MessageAction):
    """Everything else is done on the server."""
