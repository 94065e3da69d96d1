# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How moments are written in what a server keeps: in UTC, sortable as text."""

from __future__ import annotations

TIME = "%Y-%m-%dT%H:%M:%SZ"
