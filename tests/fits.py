"""Say whether a stage of the tests will end within the minutes that TEST_MINUTES gives the whole run, on this machine as it is today.

Usage: fits.py REPORTS_DIRECTORY STAGE        exit code 3 where it will not

The same tests take twice as long on one machine of CI as on the next. What the stages that have ended took (STAGE.seconds), against what
they take on the machine of durations.json, says how slow this one is.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

DURATIONS = Path(__file__).parent / "durations.json"
# A stage may have slower neighbours than those before it.
MARGIN = 1.2


def expected(stage: str, ended: dict[str, int], usual: dict[str, int]) -> float:
    """Return in how many seconds a stage will end; one that nobody has timed, as the longest of all."""
    timed = [name for name in ended if name in usual]
    slowness = sum(ended[name] for name in timed) / sum(usual[name] for name in timed) if timed else 1.0
    return usual.get(stage, max(usual.values())) * slowness * MARGIN


def fits(directory: Path, stage: str, minutes: float, now: float) -> bool:
    """Say whether a stage ends in time; the directory was made when the run began."""
    began = (directory / "began").stat().st_mtime
    ended = {path.stem: int(path.read_text()) for path in directory.glob("*.seconds")}
    return now + expected(stage, ended, json.loads(DURATIONS.read_text())) <= began + minutes * 60


if __name__ == "__main__":
    sys.exit(0 if fits(Path(sys.argv[1]), sys.argv[2], float(os.environ["TEST_MINUTES"]), time.time()) else 3)
