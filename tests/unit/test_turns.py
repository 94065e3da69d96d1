# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two commits in a row run every scenario that there is."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def stages(*arguments: str) -> list[str]:
    """Return the stages that tests/molecule.sh prints."""
    return subprocess.run([ROOT / "tests/molecule.sh", *arguments], check=True, capture_output=True, text=True).stdout.split()


def test_two_turns_have_every_scenario() -> None:
    scenarios = {f"molecule-{path.parent.name}" for path in ROOT.glob("molecule/*/molecule.yml")}
    first, second = stages("--turn", "0"), stages("--turn", "1")
    assert set(first) | set(second) == scenarios
    assert set(first) & set(second) == {"molecule-default"}
    assert stages("--turn", "2") == first


def test_by_itself_it_has_each_once() -> None:
    assert sorted(stages()) == sorted({*stages("--turn", "0"), *stages("--turn", "1")})


def test_a_commit_has_one_turn() -> None:
    assert stages("--turn") in (stages("--turn", "0"), stages("--turn", "1"))
