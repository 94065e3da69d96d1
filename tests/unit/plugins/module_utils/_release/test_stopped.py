# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers are stopped because somebody wanted it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release import stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._release.stopped import Stopped

NOTED = Stopped("alice@laptop", "2026-11-26T12:00:00Z", "1")


@pytest.mark.parametrize(
    ("identifier", "status", "started", "expected"),
    [
        ("1", "exited", "2026-11-26T11:59:59.123456789Z", True),
        # Within the second of the note.
        ("1", "exited", "2026-11-26T12:00:00.9Z", True),
        ("1", "created", "0001-01-01T00:00:00Z", True),
        ("1", "running", "2026-11-26T11:00:00Z", False),
        ("2", "exited", "2026-11-26T11:00:00Z", False),
        # Started by hand since, and ended for another reason.
        ("1", "exited", "2026-11-26T12:30:00.123456789Z", False),
        ("1", "exited", "2026-11-26T13:30:00+02:00", True),
    ],
)
def test_one_is_stopped_on_purpose_until_something_starts_it(
    tmp_path: Path, identifier: str, status: str, started: str, expected: bool
) -> None:
    stopped.note(str(tmp_path), {"web": NOTED})
    found = stopped.read(str(tmp_path), {"web": {"Id": identifier, "State": {"Status": status, "StartedAt": started}}})
    assert found == ({"web": NOTED} if expected else {})
