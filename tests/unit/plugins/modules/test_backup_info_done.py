# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollback whose controller was lost, typed again: has it been done?"""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.modules.backup_info import finished


def entry(token: str, action: str, result: str) -> dict[str, object]:
    return ledger.entry({"token": token, "action": action}, result, 1.0, to="20261124_120000")


LEDGER = [entry("dead", "rollback", "rolled back"), entry("worse", "rollback", "restored"), entry("other", "deploy", "deployed")]


@pytest.mark.parametrize(
    ("token", "wanted", "done"),
    [
        ("dead", "previous", True),
        ("dead", "20261124_120000", True),
        ("dead", "20261111_111111", False),
        ("worse", "previous", False),
        ("other", "previous", False),
        ("", "previous", False),
        ("unknown", "previous", False),
    ],
)
def test_it_has_been_done(token: str, wanted: str, done: bool) -> None:
    assert bool(finished(LEDGER, token, wanted)) is done
