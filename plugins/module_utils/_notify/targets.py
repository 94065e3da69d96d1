# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The targets of ``stack_notify``: one file for each, with its Apprise URL, which is a secret as a whole."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

from .._base.command import execute
from .._base.files import read_if_exists, sha256
from .message import Written

DIRECTORY = "targets"
SECONDS = 30.0
REASON = re.compile(r" - (?:WARNING|ERROR|CRITICAL) - (.*)")
# Shorter pieces of a URL are words, ports and topics, and would blacken what the reason says.
SHORTEST_SECRET = 6


@dataclass(frozen=True)
class Target:
    """One of them. It is known by its number in the list and its scheme: whatever else is in its URL may be a secret."""

    number: int
    file: str
    url: str

    @property
    def key(self) -> str:
        """What it is remembered by: numbers move when the list is edited."""
        return sha256(self.url.encode())[:16]

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    def __str__(self) -> str:
        return f"{self.number} ({self.scheme})"


def find(directory: str) -> list[Target]:
    """Return the targets below the directory of the watch."""
    place, found = os.path.join(directory, DIRECTORY), []
    names = os.listdir(place) if os.path.isdir(place) else []
    for number in sorted(int(name) for name in names if name.isdigit()):
        file = os.path.join(place, str(number))
        found.append(Target(number, file, (read_if_exists(file) or b"").decode().strip()))
    return found


def send(program: str, target: Target, message: Written) -> str:
    """Send a message, and return why it could not be sent, nothing where it was."""
    argv = [
        program,
        "--verbose",
        f"--config={target.file}",
        f"--title={message.title}",
        f"--notification-type={message.kind}",
        "--input-format=text",
    ]
    try:
        # Older versions write as the locale says, and a unit has none.
        code, said, _error = execute(argv, {"LC_ALL": "C.UTF-8"}, SECONDS, merged=True, given=message.body)
    except subprocess.TimeoutExpired:
        return f"no answer within {SECONDS:g} s"
    except OSError as error:
        return f"{program}: {error.strerror}"
    return reason(said, target.url) or f"{program} ended with exit code {code}" if code else ""


def reason(said: str, url: str) -> str:
    """Return the first thing that Apprise complains of, without what is secret in the URL."""
    found = REASON.search(said)
    if not found:
        return ""
    pieces = {url, *re.split(r"[:/@?&=,]+", url.partition("://")[2])}
    text = found.group(1)
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= SHORTEST_SECRET:
            text = text.replace(piece, "…")
    return text
