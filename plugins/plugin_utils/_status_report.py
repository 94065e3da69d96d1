# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What status.yml shows a person: one screen of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

# 80 columns less those by which a report is indented below its host's name.
WIDTH = 76
NAME, STATE, UP, AGAIN, CPU, MEMORY = 22, 10, 4, 4, 6, 6
IMAGE = WIDTH - NAME - STATE - UP - AGAIN - CPU - MEMORY - 6
UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
UNKNOWN = "?"


def render(status: Mapping[str, Any]) -> str:
    """Return the whole screen."""
    return "\n".join([*release_lines(status), "", *container_lines(status), "", *rest_lines(status), "", *run_lines(status)])


def release_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """Say what is live, since when and by whom, and whether somebody is changing it."""
    release = status["release"]
    if not release["digest"]:
        yield "Nothing has been deployed here yet."
    elif not release["since"]:
        yield from textwrap.wrap(f"Release {release['digest'][:12]}, which no run brought: something was changed by hand since.", WIDTH)
    else:
        commit = f", commit {release['commit']}" if release["commit"] else ""
        to = f" to {release['to']}" if release["to"] else ""
        how = f"brought by {release['action']}" if release["result"] == "done" else release["result"]
        said = f"Release {release['digest'][:12]}, {how}{to} {moment(release['since'])} by {release['by']}{commit}."
        yield from textwrap.wrap(said, WIDTH)
    if status["run"]:
        yield from textwrap.wrap(f"At work: {status['run']}", WIDTH)


def container_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of containers."""
    yield row("CONTAINER", "STATE", "UP", "DIED", "CPU", "MEMORY", "IMAGE")
    for one in status["containers"]:
        state = one["health"] if one["status"] == "running" and one["health"] != "none" else one["status"]
        cpu = UNKNOWN if one["cpu"] is None else f"{one['cpu']:.1f}%"
        image = one["image"].removeprefix("docker.io/")
        again = f"{one['restarts']}x" if one["restarts"] else "-"
        yield row(one["name"], state, ago(one["uptime"]), again, cpu, bytes_of(one["memory"]), image)


def row(name: str, state: str, up: str, again: str, cpu: str, memory: str, image: str) -> str:
    """Return a line of the table; of an image's name the end tells more than its registry."""
    image = image if len(image) <= IMAGE else f"…{image[1 - IMAGE :]}"
    line = (
        f"{clipped(name, NAME):{NAME}} {clipped(state, STATE):{STATE}} {up:>{UP}} {again:>{AGAIN}} {cpu:>{CPU}} {memory:>{MEMORY}} {image}"
    )
    return line.rstrip()


def rest_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is on disk, how long certificates last, and what one could go back to."""
    project, disk, backups = f"{status['project']}_", status["disk"], status["backups"]
    days = [
        f"{one['name']} {UNKNOWN if one['days_left'] is None else format(one['days_left'], '.0f')} days" for one in status["certificates"]
    ]
    yield from listed("Databases", [f"{one['name']} {bytes_of(one['size'])}" for one in status["databases"]])
    yield from listed("Volumes", [f"{one['name'].removeprefix(project)} {bytes_of(one['size'])}" for one in status["volumes"]])
    yield from listed("Disk", [f"{bytes_of(disk['free'])} of {bytes_of(disk['size'])} free"])
    yield from listed("Certificates", days)
    newest = f"{backups['count']}, the newest {backups['newest']}, {ago(backups['age'])} old" if backups["newest"] else "none yet"
    yield from listed("Backups", [newest])
    yield from listed("Off-site", [snapshot_of(one) for one in status["snapshots"]])
    yield from listed("Rollback", [f"would go to {backups['previous']}" if backups["previous"] else "has nowhere to go by itself"])


def snapshot_of(one: Mapping[str, Any]) -> str:
    """Say how old the last snapshot in a repository is, and whether something failed since."""
    age = "no snapshot yet" if one["age"] is None else f"{ago(one['age'])} old"
    return f"{one['location']} {age}{', FAILED since' if one['error'] else ''}"


def listed(title: str, items: list[str]) -> list[str]:
    """Return a list below a title, in as many lines as it takes."""
    return textwrap.wrap(", ".join(items) or "none", WIDTH, initial_indent=f"{title:13}", subsequent_indent=" " * 13)


def run_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """Yield the last runs."""
    yield "Last runs (history.yml has all)"
    for one in status["runs"]:
        said = f"  {moment(one['started'])}  {one['action']:9} {one['result']:12} {ago(round(one['duration'])):>4}  {one['by']}"
        yield clipped(said, WIDTH)
        if one["error"]:
            yield clipped(f"      {one['error']}", WIDTH)
    if not status["runs"]:
        yield "  none"


def moment(text: str) -> str:
    """Return a time of the ledger's as people read it."""
    return f"{text[:16].replace('T', ' ')} UTC" if text else UNKNOWN


def ago(seconds: int | None) -> str:
    """Return a time in its largest unit."""
    if seconds is None:
        return "-"
    size, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    return f"{seconds // size}{unit}"


def bytes_of(size: int | None) -> str:
    """Return a size in three digits."""
    if size is None:
        return UNKNOWN
    value = float(size)
    for unit in "BKMGT":
        if value < 999.5 or unit == "T":
            return f"{value:.1f}{unit}" if unit in "GT" and value < 99.95 else f"{value:.0f}{unit}"
        value /= 1024
    return UNKNOWN


def clipped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
