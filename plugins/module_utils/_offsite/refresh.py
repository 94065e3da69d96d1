# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a directory that has the files of one snapshot up to another one: only what differs is read from the repository.

Nobody else writes there. A file of the same size, time, mode and owner is the same: it came by restic, which compares what it writes.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

# A command line holds no more names than this.
FILES_AT_ONCE = 500
Restore = Callable[[list[str], str], None]


def refresh(listed: Mapping[str, dict[str, Any]], location: str, place: str, work: str, restore: Restore) -> int:
    """Make a directory what a snapshot has below a location; return how many files came. Restore brings paths of it below a directory.

    Listed is what the snapshot has by path. Killed anywhere, it does what is left when it is run again.
    """
    wanted = {os.path.relpath(path, location): entry for path, entry in listed.items()}
    _remove_others(place, wanted)
    changed = [name for name, entry in sorted(wanted.items()) if entry["type"] != "dir" and differs(entry, os.path.join(place, name))]
    folders = [name for name, entry in sorted(wanted.items()) if entry["type"] == "dir"]
    for name in folders:
        os.makedirs(os.path.join(place, name), exist_ok=True)
    for start in range(0, len(changed), FILES_AT_ONCE):
        some = changed[start : start + FILES_AT_ONCE]
        restore([os.path.join(location, name) for name in some], work)
        os.sync()  # What has its name is there with its content, also after a loss of power.
        for name in some:
            os.replace(os.path.join(work, location.lstrip("/"), name), os.path.join(place, name))
        shutil.rmtree(os.path.join(work, location.split("/")[1]))
    for name in folders:
        _dress(os.path.join(place, name), wanted[name])
    return len(changed)


def differs(entry: Mapping[str, Any], path: str) -> bool:
    """Say whether what lies somewhere is another thing than a snapshot lists. Links and their kin are small: they always come."""
    with suppress(FileNotFoundError):
        found = os.lstat(path)
        same = (found.st_size, found.st_mtime_ns, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        listed = (entry.get("size", 0), moment_of(str(entry["mtime"])), mode_of(entry["mode"]), entry["uid"], entry["gid"])
        return entry["type"] != "file" or not stat.S_ISREG(found.st_mode) or same != listed
    return True


def moment_of(text: str) -> int:
    """Return a moment as restic writes it in nanoseconds."""
    whole, fraction, zone = re.fullmatch(r"([^.Z+]+?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text).groups()  # type: ignore[union-attr]
    seconds = int(datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp())
    return seconds * 10**9 + int((fraction or "").ljust(9, "0")[:9])


def mode_of(listed: int) -> int:
    """Return a mode as the system has it: restic writes that of Go, whose bits for set-uid, set-gid and sticky lie elsewhere."""
    return listed & 0o777 | (listed >> 23 & 1) << 11 | (listed >> 22 & 1) << 10 | (listed >> 20 & 1) << 9


def _remove_others(place: str, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Remove what a snapshot does not have, and a folder where it has something else, or the other way round."""
    for parent, folders, files in os.walk(place):
        for name in [*folders, *files]:
            path = os.path.join(parent, name)
            is_folder = os.path.isdir(path) and not os.path.islink(path)
            entry = wanted.get(os.path.relpath(path, place))
            if entry and (entry["type"] == "dir") == is_folder:
                continue
            if is_folder:
                shutil.rmtree(path)
                folders.remove(name)
            else:
                os.unlink(path)


def _dress(path: str, entry: Mapping[str, Any]) -> None:
    os.chown(path, entry["uid"], entry["gid"])
    os.chmod(path, mode_of(entry["mode"]))
    moment = moment_of(str(entry["mtime"]))
    os.utime(path, ns=(moment, moment))
