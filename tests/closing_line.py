"""Add up pytest's reports and say the result in one line; fail when anything failed or nothing ran.

Usage: closing_line.py REPORTS_DIRECTORY [NAME OF A FAILED STAGE ...]
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def count(reports: list[Path]) -> dict[str, int]:
    """Return how many tests passed, failed and were skipped."""
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for report in reports:
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            total["failed"] += failed
            total["skipped"] += skipped
            total["passed"] += int(suite.get("tests", 0)) - failed - skipped
    return total


def closing_line(directory: Path, failed_stages: list[str]) -> tuple[str, bool]:
    """Return the line and whether all is well. A failed stage counts as one failure, unless its tests count themselves."""
    total = count(sorted(directory.glob("*.xml")))
    for stage in failed_stages:
        if not count(sorted(directory.glob(f"{stage}*.xml")))["failed"]:
            total["failed"] += 1
    line = f"{total['passed']} passed, {total['failed']} failed"
    if total["skipped"]:
        line += f", {total['skipped']} skipped"
    if failed_stages:
        line = f"Failed stages: {', '.join(failed_stages)}\n{line}"
    return line, not total["failed"]


if __name__ == "__main__":
    text, good = closing_line(Path(sys.argv[1]), sys.argv[2:])
    print(text)
    sys.exit(not good)
