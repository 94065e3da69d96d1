# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether anything moves in a container: the work of its processes, and its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .._base.process import Work, work_of

# What counts as work: a twentieth of a core, or this many bytes a second to and from disks. Idle programs stay far below.
CPU = 0.05
BYTES = 256 * 1024


class Activity:
    """Since when nothing has moved. Nothing is known before the first look, so that it counts as a movement."""

    def __init__(self, work: Callable[[int], Work | None] = work_of) -> None:
        self._work = work
        self._before: tuple[float, Mapping[int, Work | None], str] | None = None
        self._worked = self._wrote = 0.0

    def look(self, processes: Sequence[int], log: str, now: float) -> None:
        """Compare the work below these processes, and the log, with those of the last look."""
        works = {process: self._work(process) for process in processes}
        then, before, old_log = self._before or (now, {}, log)
        if worked(before, works, now - then):
            self._worked = now
        if self._before is None or log != old_log:
            self._wrote = now
        self._before = now, works, log

    def idle(self, now: float) -> float:
        """Return for how many seconds nothing has worked."""
        return now - self._worked

    def silent(self, now: float) -> float:
        """Return for how many seconds nothing has worked, and nothing was written to the log."""
        return now - max(self._worked, self._wrote)


def worked(before: Mapping[int, Work | None], after: Mapping[int, Work | None], seconds: float) -> bool:
    """Say whether these processes have worked meanwhile; what cannot be read counts as work."""
    cpu, data = 0.0, 0
    for process, now in after.items():
        then = before.get(process)
        if then is None or now is None:
            return True
        cpu, data = cpu + now.cpu - then.cpu, data + now.bytes - then.bytes
    return cpu >= CPU * seconds or data >= BYTES * seconds
