# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a site must answer, and how an answer differs from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class HttpCheck:
    """A request and what its answer must look like. Called by its name, or by method and URL where it has none."""

    url: str
    name: str = ""
    type: Literal["http"] = "http"
    method: Literal["GET", "HEAD", "OPTIONS", "POST"] = "GET"
    connect: str = "127.0.0.1"
    status: tuple[int, ...] = (200,)
    headers: dict[str, str | int] = field(default_factory=dict)
    json: dict[str, Any] | None = None
    body_contains: str | None = None

    def __post_init__(self) -> None:
        # A probe is asked again and again for minutes: what can never work is refused before.
        try:
            parts = urlsplit(self.url)
            sound = parts.scheme in PORTS and parts.hostname and parts.port != 0
        except ValueError:
            sound = False
        if not sound:
            raise ValueError(f"probe {self.called!r}: expected a URL like https://host[:port]/path, got {self.url!r}")

    @property
    def called(self) -> str:
        return self.name or f"{self.method} {self.url}"

    @property
    def certified_host(self) -> str:
        """Return the host whose certificate has to be good for this, empty where none is asked for."""
        parts = urlsplit(self.url)
        return str(parts.hostname) if parts.scheme == "https" else ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are case-insensitive where it comes from requests."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def difference(expected: Any, actual: Any, path: str = "") -> str:
    """Return where a JSON value lacks something it must contain, an empty text where it has everything."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            here = f"{path}.{key}".lstrip(".")
            if key not in actual:
                return f"JSON has no {here}"
            if found := difference(value, actual[key], here):
                return found
        return ""
    if isinstance(expected, list) and isinstance(actual, list):
        lacking = [item for item in expected if all(difference(item, other) for other in actual)]
        return f"JSON {path} has no item like {json.dumps(lacking[0])}" if lacking else ""
    # Python takes True for 1, JSON does not.
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return ""
    return f"JSON {path or 'body'}: expected {json.dumps(expected)}, got {excerpt(json.dumps(actual))}"


def describe(check: HttpCheck) -> str:
    """Say what the answer must look like."""
    parts = [" or ".join(map(str, check.status))]
    parts += [f"{name}: {value}" for name, value in check.headers.items()]
    if check.json is not None:
        parts.append(f"JSON with {json.dumps(check.json, ensure_ascii=False)}" if check.json else "a JSON object")
    if check.body_contains is not None:
        parts.append(f"a body with {check.body_contains!r}")
    return ", ".join(parts)


def excerpt(text: str, length: int = 120) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"


def check_answer(check: HttpCheck, answer: Answer) -> str:
    """Return what is wrong with an answer, an empty text where nothing is."""
    text = answer.body.decode(errors="replace")
    if answer.status not in check.status:
        location = f" to {answer.headers['location']}" if "location" in answer.headers else ""
        wanted = " or ".join(map(str, check.status))
        body = f", body {excerpt(text)!r}" if text else ""
        return f"status {answer.status}{location} instead of {wanted}{body}"
    wrong = []
    for name, value in check.headers.items():
        got = answer.headers.get(name)
        if got != str(value):
            wrong.append(f"expected header {name}: {value}, got {'no such header' if got is None else got}")
    if check.json is not None:
        try:
            wrong.append(difference(check.json, json.loads(answer.body)))
        except ValueError:
            wrong.append(f"expected JSON, got {answer.headers.get('content-type', 'no type')} {excerpt(text)!r}")
    if check.body_contains is not None and check.body_contains not in text:
        wrong.append(f"expected a body with {check.body_contains!r}, got {excerpt(text)!r}")
    return "; ".join(filter(None, wrong))
