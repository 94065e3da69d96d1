# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What logs.yml shows a person: 80 columns, the gravest first, whole lines of the example where they fit."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

# 80 columns less those by which a report is indented below its host's name.
WIDTH = 76
# Of an example, which the JSON form has whole, so many lines and characters of each; and so many groups, of which the later ones are rarer
# or less grave.
LINES, LONGEST, GROUPS = 8, 400, 30
WORDS = {"error": "ERROR", "warning": "WARNING"}


def counts(result: Mapping[str, Any]) -> dict[str, int]:
    """Return how many errors and warnings there were; a request that failed is an error, a slow one a warning."""
    counted = [(one["level"] == "error", one["count"]) for one in result["events"]]
    counted += [(one["failed"], one["count"]) for one in result["requests"]]
    return {
        "error_count": sum(count for error, count in counted if error),
        "warning_count": sum(count for error, count in counted if not error),
    }


def render(result: Mapping[str, Any]) -> str:
    """Return the report on warnings and errors."""
    number, gone = counts(result), len(result["archives"])
    heading = (
        f"{number['error_count']} errors and {number['warning_count']} warnings from {short(result['since'])} to "
        f"{short(result['until'])} UTC in the logs of {', '.join(result['containers']) or 'no container'}"
        f"{f', and in {gone} kept of containers that are gone' * bool(gone)}."
    )
    lines = textwrap.wrap(heading, WIDTH)
    for one in result["problems"]:
        lines += ["", *textwrap.wrap(one, WIDTH)]
    for event in result["events"][:GROUPS]:
        lines += ["", *event_lines(event)]
    if result["requests"]:
        lines += ["", "Requests that failed or were slow, as the proxy logged them:"]
        lines += [line for one in result["requests"][:GROUPS] for line in request_lines(one)]
    left = max(0, len(result["events"]) - GROUPS) + max(0, len(result["requests"]) - GROUPS)
    if left:
        lines += ["", f"{left} more kinds are in the JSON form: -e logs_format=json"]
    return "\n".join(lines)


def short(moment: str) -> str:
    """Return a time without its fraction, as people read it."""
    return moment[:19].replace("T", " ")


def event_lines(event: Mapping[str, Any]) -> list[str]:
    first, last = short(event["first"]), short(event["last"])
    when = first if event["count"] == 1 else f"{times(event['count'])}, {first} to {last[11:] if last[:10] == first[:10] else last}"
    shown = [part for line in event["example"][:LINES] for part in folded(line)]
    lines = [f"{WORDS[event['level']]} {event['container']}: {when}", *(f"  | {line}" for line in shown)]
    if len(event["example"]) > LINES:
        lines.append(f"  | … {len(event['example']) - LINES} more lines")
    if event["archives"]:
        lines.append(f"  in {', '.join(map(os.path.basename, event['archives'][:2]))}{' …' * (len(event['archives']) > 2)}")
    return lines


def folded(line: str) -> list[str]:
    """Return a line in as many as it takes, below each other, of a very long one the beginning."""
    text = line.expandtabs(4)[:LONGEST]
    indent = " " * min(20, len(text) - len(text.lstrip()))
    return textwrap.wrap(text.strip(), WIDTH - 4, initial_indent=indent, subsequent_indent=f"{indent}  ") or [""]


def times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def request_lines(request: Mapping[str, Any]) -> list[str]:
    slow = f", slowest {request['slowest']:.1f} s" if request["slowest"] else ""
    when = f"{times(request['count'])}, last {short(request['last'])}{slow}"
    return [clipped(f"  {request['status']} {request['method']} {request['host']}{request['path']}", WIDTH), f"      {when}"]


def clipped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def plain_lines(lines: Iterable[Mapping[str, str]]) -> list[str]:
    """Return lines as `docker compose logs` shows them, none of them cut."""
    return [f"{short(one['time'])} {one['container']} | {one['text']}" for one in lines]
