# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What events of one cause have in common: their words, without whatever differs from one to the next."""

from __future__ import annotations

import re

# In this order, since what a later one looks for may be a part of an earlier one.
FOLDED = (
    # Times that programs write before what they say.
    (re.compile(r"^\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?[A-Z]{2,4}|Z)?(?: \[\d+\])? ?"), ""),
    # nginx's process and connection, and what it says of the request that an error came of.
    (re.compile(r"^(\[\w+\]) \d+#\d+:(?: \*\d+)?"), r"\1"),
    (re.compile(r", client: .*$", re.DOTALL), ""),
    (re.compile(r'"[^"]*"'), '"…"'),
    (re.compile(r"(?<!\w)'[^']*'"), "'…'"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    # An id of letters and numbers, as requests and connections of Kestrel have; not a word, not a name with a number at its end.
    (re.compile(r"\b(?=[0-9A-Za-z]*\d[0-9A-Za-z]*[A-Za-z])(?=[0-9A-Za-z]*[A-Za-z])[0-9A-Z]{8,}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b"), "<id>"),
    (re.compile(r"(?<![A-Za-z])\d+(?:[.,]\d+)*"), "<n>"),
)
EXCEPTION = re.compile(r"\s*(?:Unhandled exception[.:] |---> )?([A-Za-z_][\w.]*(?:Exception|Error))\b(?=[:\s(]|$)")
EVENT_ID = re.compile(r"\[-?\d+\]$")
LONGEST = 300


def signature(lines: list[str]) -> str:
    """Return the signature of an event: its first line, what it says below that, and the kind of the exception."""
    head = lines[0]
    if re.match(r"(?:warn|fail|crit): ", head) and len(lines) > 1:
        head = f"{EVENT_ID.sub('', head)}: {lines[1].strip()}"  # Category, then message; the number is the event's id.
    text = head
    for pattern, instead in FOLDED:
        text = pattern.sub(instead, text)
    kinds = [match[1] for line in lines[1:] if (match := EXCEPTION.match(line))]
    raised = f" ({kinds[0]})" if kinds and kinds[0] not in text else ""
    return f"{text.strip()[:LONGEST]}{raised}"


def path_signature(path: str) -> str:
    """Return a path without the ids in it."""
    return "/".join("<id>" if re.fullmatch(r"\d+|[0-9a-fA-F-]{16,}|.{48,}", part) else part for part in path.split("/"))
