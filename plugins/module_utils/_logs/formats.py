# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How programs write that something went wrong. A line is known by its form, whichever container it comes from."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Level = Literal["info", "warning", "error"]


class Head(NamedTuple):
    """The first line of an event, or one that belongs to the event before it."""

    level: Level
    # What the lines after it begin with, as long as they belong to it.
    more: re.Pattern[bytes]
    # Whether the line itself belongs to the event before it.
    belongs: bool = False


INDENTED = re.compile(rb"[ \t]|---|$")
# Of a traceback the last line is not indented, and says what happened.
TRACEBACK = re.compile(rb"[ \t]|$|[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)\b|During handling|The above exception")
NOTHING = re.compile(rb"(?!)")

ASPNET = re.compile(rb"(trce|dbug|info|warn|fail|crit): ")
ASPNET_LEVELS: dict[bytes, Level] = {b"warn": "warning", b"fail": "error", b"crit": "error"}
NGINX = re.compile(rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(\w+)\] ")
NGINX_LEVELS: dict[bytes, Level] = {b"warn": "warning", **dict.fromkeys((b"error", b"crit", b"alert", b"emerg"), "error")}
# What a visitor does wrong, of which any public server has plenty; nginx calls some of it critical.
VISITORS = re.compile(
    rb"SSL_do_handshake\(\) failed|while SSL handshaking|client intended to send|access forbidden by rule|limiting requests"
    rb"|client sent |client prematurely closed"
)
POSTGRES = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \S+ \[\d+\] (?:[^:\n]*? )?([A-Z]+\d?):  ?")
POSTGRES_LEVELS: dict[bytes, Level] = {b"WARNING": "warning", **dict.fromkeys((b"ERROR", b"FATAL", b"PANIC"), "error")}
POSTGRES_MORE = (b"DETAIL", b"HINT", b"STATEMENT", b"CONTEXT", b"QUERY", b"LOCATION")
# Said whenever a database or its app is started anew, by this very collection too.
RESTARTS = re.compile(
    rb"the database system is (?:starting up|shutting down|not yet accepting connections|in recovery mode)"
    rb"|terminating connection due to administrator command"
)
# Programs that we know nothing of: a level in capitals near the beginning, or one as structured logs write it.
WORDS = re.compile(
    rb"""^.{0,80}?\b(WARN(?:ING)?|ERROR|FATAL|CRITICAL|PANIC)\b|\blevel"?[=:]\s*"?(warn(?:ing)?|error|fatal|critical|panic)\b"""
)
UNHANDLED = re.compile(rb"Unhandled exception[.:] |panic: |Segmentation fault|.*\bexec format error")


def head_of(text: bytes) -> Head | None:
    """Return what a line begins, None for one that begins nothing."""
    if match := ASPNET.match(text):
        return Head(ASPNET_LEVELS.get(match[1], "info"), INDENTED)
    if match := NGINX.match(text):
        level = NGINX_LEVELS.get(match[1], "info")
        return Head("warning" if level == "error" and VISITORS.search(text) else level, NOTHING)
    if match := POSTGRES.match(text):
        level = POSTGRES_LEVELS.get(match[1], "info")
        return Head("info" if RESTARTS.search(text) else level, INDENTED, match[1] in POSTGRES_MORE)
    return unknown(text)


def unknown(text: bytes) -> Head | None:
    """Return what a line of a program begins that we know nothing of."""
    if text.startswith(b"Traceback (most recent call last)"):
        return Head("error", TRACEBACK)
    if UNHANDLED.match(text):
        return Head("error", INDENTED)
    if match := WORDS.search(text):
        word = (match[1] or match[2]).upper()
        return Head("warning" if word.startswith(b"WARN") else "error", INDENTED)
    return None
