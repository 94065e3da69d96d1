# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines as the engine keeps them: in files of JSON, which archives hold too, or as its API shows them, a time before each.

A log may have a million of them, so that they stay bytes until somebody asks what one says.
"""

from __future__ import annotations

import json
import re

# {"log":"text\n","stream":"stdout","time":"2026-11-26T10:44:00.123456789Z"}, with "attrs" before the time where labels are logged.
START, STREAM, TIME = b'{"log":"', b'","stream":"', b'"time":"'
TERMINAL = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]|\r")


def time_of(line: bytes) -> bytes:
    """Return when a line was written: UTC, RFC 3339 without the Z, nothing where it does not say.

    Engines leave out zeros at the end of a fraction: so written, times come in the order of their texts.
    """
    if line.startswith(b"{"):
        at = line.rfind(TIME)
        return b"" if at < 0 else line[at + len(TIME) : line.find(b'"', at + len(TIME))].removesuffix(b"Z")
    return line.partition(b" ")[0].removesuffix(b"Z")


def text_of(line: bytes) -> bytes:
    """Return what a program wrote, without the end of the line and the colours of a terminal."""
    if not line.startswith(START):
        text = line.partition(b" ")[2]
    else:
        text = line[len(START) : line.rfind(STREAM)].removesuffix(b"\\n")
        if b"\\" in text:
            text = unescaped(text)
    return TERMINAL.sub(b"", text).rstrip() if b"\x1b" in text or b"\r" in text else text.rstrip()


def unescaped(text: bytes) -> bytes:
    """Return what stands in a text of JSON, as it is where a crash left half of it."""
    try:
        return str(json.loads(b'"' + text + b'"')).encode(errors="replace")
    except ValueError:
        return text


def is_continued(line: bytes) -> bool:
    """Say whether a line is the beginning of a longer one, which the engine cut at 16 KiB."""
    return line.startswith(START) and not line[: line.rfind(STREAM)].endswith(b"\\n")
