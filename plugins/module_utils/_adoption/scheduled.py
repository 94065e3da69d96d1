# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server does by the clock: lines of cron, and systemd's units that somebody wrote."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob

from .._base.files import read_if_exists

CRONTABS = ("/etc/crontab", "/etc/cron.d/*", "/var/spool/cron/crontabs/*", "/var/spool/cron/*")
SCRIPTS = ("/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*")
UNITS = ("/etc/systemd/system/*.service", "/etc/systemd/system/*.timer")
OURS = "rarebooks-"
# What stops, replaces or removes containers and images behind the back of a deploy.
_ENGINE = re.compile(r"\bdocker([- ]compose)?\b[^;&|\n]*?\s(prune|down|stop|kill|rm|rmi|restart|up|pull|build)\b")


@dataclass(frozen=True)
class Job:
    """A command that runs by the clock, or with the server, and the file in which it stands."""

    file: str
    command: str


def read(root: str = "") -> list[Job]:
    """Return all commands, without comments and settings."""
    return [
        Job(path, line.strip())
        for path in _files([*CRONTABS, *SCRIPTS, *UNITS], root)
        if not os.path.basename(path).startswith(OURS)
        for line in (read_if_exists(root + path) or b"").decode("utf-8", "replace").splitlines()
        if line.strip() and not line.lstrip().startswith(("#", ";"))
    ]


def _files(patterns: Iterable[str], root: str) -> list[str]:
    found = {path[len(root) :] for pattern in patterns for path in glob(root + pattern)}
    return sorted(path for path in found if os.path.isfile(root + path) and not os.path.islink(root + path))


def about(jobs: Iterable[Job], directories: Iterable[str]) -> list[str]:
    """Return a line for each job that acts on the project's files or on the engine; of its command only what cannot hold a secret."""
    return list(dict.fromkeys(line for job in jobs for line in _lines(job, list(directories))))


def _lines(job: Job, directories: list[str]) -> Iterator[str]:
    for directory in directories:
        for path in re.findall(rf"{re.escape(directory)}[\w./-]*", job.command):
            yield f"{job.file}: {path}"
    for compose, verb in _ENGINE.findall(job.command):
        yield f"{job.file}: docker {'compose ' if compose else ''}{verb}"
