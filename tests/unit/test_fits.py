# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which stages of the tests are begun where a run may take so long and no longer."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("fits", TESTS / "fits.py")
assert SPEC and SPEC.loader
fits = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(fits)
USUAL = json.loads(fits.DURATIONS.read_text())
ENGINE, LONGEST = USUAL["molecule-engine"], max(USUAL.values())


@pytest.mark.parametrize(
    ("stage", "ended", "left", "begun"),
    [
        ("molecule-engine", {}, ENGINE * 1.25, True),
        ("molecule-engine", {}, ENGINE * 1.15, False),
        # Twice as slow as usual, as what has ended shows; what nobody has timed shows nothing.
        ("molecule-engine", {"unit": USUAL["unit"] * 2, "lint": 1}, ENGINE * 2.5, True),
        ("molecule-engine", {"unit": USUAL["unit"] * 2, "lint": 1}, ENGINE * 2.3, False),
        ("molecule-new", {}, LONGEST * 1.25, True),
        ("molecule-new", {}, LONGEST * 1.15, False),
    ],
)
def test_what_would_not_end_in_time_is_not_begun(tmp_path: Path, stage: str, ended: dict[str, int], left: float, begun: bool) -> None:
    (tmp_path / "began").touch()
    for name, seconds in ended.items():
        (tmp_path / f"{name}.seconds").write_text(f"{seconds}\n")
    now = (tmp_path / "began").stat().st_mtime + 3600 - left
    assert fits.fits(tmp_path, stage, 60, now) is begun


def test_every_scenario_is_timed() -> None:
    scenarios = {f"molecule-{path.parent.name}" for path in TESTS.parent.glob("molecule/*/molecule.yml")}
    assert {name for name in USUAL if name.startswith("molecule-")} == scenarios
