# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module whose arguments come into no log of the server."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


class UnloggedModule(AnsibleModule):  # type: ignore[misc]
    """A module that has something in a list or a dictionary which is not to be shown.

    Ansible writes these to the system's log as Python writes them: with other characters for line breaks, quotes and backslashes, so that
    it does not find what it was told to leave out.
    """

    def _log_invocation(self) -> None:
        self.log("Invoked")
