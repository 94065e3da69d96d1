# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The line about a long step: private, gone with the step or with its run, and worth no failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.module_utils._run.progress import telling


@pytest.fixture
def place(tmp_path: Path) -> lease.Place:
    place = lease.Place("/opt/shop", str(tmp_path / "leases"))
    lease.take(place, Run("ours"), "switching")
    return place


def test_it_lies_beside_the_heartbeat_until_the_step_ends(place: lease.Place) -> None:
    path = Path(place.progress(place.file("ours")))
    with pytest.raises(ValueError, match="it fails"), telling(place, "ours") as tell:
        for line in ("waiting for db", "going back"):
            tell(line)
            assert path.read_text() == f"rarebooks.platform: {line}\n" and path.stat().st_mode & 0o777 == 0o600
        raise ValueError("it fails")
    assert not path.exists()


def test_where_nothing_can_be_written_the_step_goes_on(tmp_path: Path) -> None:
    with telling(lease.Place("/opt/shop", str(tmp_path / "none")), "ours") as tell:
        tell("waiting for db")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("end", ["given back", "taken over"])
def test_what_a_killed_step_leaves_goes_with_its_run(place: lease.Place, end: str) -> None:
    path = Path(place.progress(place.file("ours")))
    path.write_text("rarebooks.platform: waiting for db\n")
    if end == "given back":
        lease.give_back(place, "ours")
    else:
        lease.take(place, Run("theirs"), "switching", dead_token="ours")
    assert not path.exists()
