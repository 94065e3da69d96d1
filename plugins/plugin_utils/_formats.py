# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What values may be that end up in files of nginx, Compose and PostgreSQL, where other characters would mean something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils._variables import without_value

# As nginx reads sizes; bytes without a unit.
SIZE = re.compile(r"[0-9]{1,12}[kKmMgG]?")
# As nginx reads times; seconds without a unit.
TIME = re.compile(r"[0-9]{1,9}(?:ms|[smhdwMy])?")
# Of the registry, with or without port; path, tag and digest. An image's id is none: it names nothing that could be pulled.
IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][\w.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]*")
PATH = re.compile(r"/(?:[A-Za-z0-9._~@+-]+/?)*")
PREFIX = re.compile(r"/(?:[A-Za-z0-9._~@+-]+/)+")
# Below stack_path, beside what deploys keep there: no name of theirs, and none that begins with a dot, as their files' do.
DIRECTORY = re.compile(
    r"(?!(?:backups|ca|compose|env|files|letsencrypt|logs|nginx)(?:/|\Z))[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*", re.ASCII
)
USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*")
TARGET = re.compile(r"[a-z][a-z0-9]*")
ADDRESS = re.compile(r"https?")
NUMBER = re.compile(r"[0-9]{1,5}")
# ASP.NET reads two underscores as the colon of its settings; Compose would cut the name at a colon.
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")

PATTERNS: dict[str, tuple[re.Pattern[str], str]] = {
    "size": (SIZE, "a size as nginx writes it, such as 50m"),
    "time": (TIME, "a time as nginx writes it, such as 60s or 1d"),
    "image": (IMAGE, "the name of an image, such as registry.example.org/shop:1.2"),
    "name": (NAME, "letters, digits and _.-"),
    "project": (PROJECT, "lower-case letters, digits and _-"),
    "path": (PATH, "an absolute path of letters, digits and ._~@+-"),
    "prefix": (PREFIX, "a path of letters, digits and ._~@+- with a slash at both ends, such as /audio/"),
    "directory": (DIRECTORY, "a directory below stack_path other than backups, ca, compose, env, files, letsencrypt, logs and nginx"),
    "target": (TARGET, "a target's URL as Apprise has it, such as ntfys://ntfy.example.org/topic"),
    "address": (ADDRESS, "a URL that begins with http:// or https://"),
    "number": (NUMBER, "a whole number from 0 to 99999"),
    "user": (USER, "letters, digits and _.@-"),
}


def problems(formats: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what is wrong with values, given by format and name of their variable; a list stands for its items."""
    return [problem for kind, values in formats.items() for name, value in values.items() for problem in _problems(kind, name, value)]


def app_problems(apps: Iterable[App]) -> list[str]:
    """Return what is wrong with the values of apps: those their descriptions name by variable, and the others each app has."""
    found: list[str] = []
    for app in apps:
        found += problems(app.formats)
        for kind, what, values in _of_every_app(app):
            known = [item for value in app.formats.get(kind, {}).values() for item in _items(value)]
            found += problems({kind: {f"{app.title}: {what}": [value for value in values if value not in known]}})
    return found


def _of_every_app(app: App) -> Iterator[tuple[str, str, Iterable[str]]]:
    yield "image", "image", dict.fromkeys(app.images)
    yield "name", "volume", app.volumes
    yield "path", "kept file", [one.path for one in app.kept_files]
    yield "name", "certificate", [app.certificate]
    yield "name", "network of a database", sorted(app.networks)
    yield "user", "database user", dict.fromkeys(one.user for one in app.databases)
    yield "directory", "source", [app.source.dest] if app.source else []


def _problems(kind: str, name: str, value: Any) -> Iterator[str]:
    if kind == "environment":
        yield from _environment(name, value)
    elif kind == "port":
        yield from _port(name, value)
    elif kind == "network":
        yield from _networks(name, value)
    elif kind not in PATTERNS:
        known = ", ".join([*PATTERNS, "environment", "network", "port"])
        yield f"{name}: expected one of the formats {known} in the description, got {kind}."
    else:
        pattern, wanted = PATTERNS[kind]
        for item in _items(value):
            if not isinstance(item, str) or not pattern.fullmatch(item):
                yield f"{name}: expected {wanted}, got {json.dumps(item, ensure_ascii=False, default=str)}."


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _port(name: str, value: Any) -> Iterator[str]:
    if not 1 <= int(value) <= 65535:
        yield f"{name}: expected a port from 1 to 65535, got {int(value)}."


def _networks(name: str, value: Any) -> Iterator[str]:
    for item in _items(value):
        try:
            ip_network(str(item))
        except ValueError as error:
            wanted = "addresses and networks such as 192.0.2.7 or 198.51.100.0/24"
            yield f"{name}: expected {wanted}, got {json.dumps(item, default=str)} ({error})."


def _environment(name: str, value: Mapping[Any, Any]) -> Iterator[str]:
    """Check variables of a container. Values are not shown: they may be secrets, though they should not."""
    for key, item in value.items():
        where = f"{name}: {key}"
        if not isinstance(key, str) or not VARIABLE.fullmatch(key):
            better = f" Write {key.replace(':', '__')}, which ASP.NET reads as {key}." if isinstance(key, str) and ":" in key else ""
            yield f"{where}: expected a name of letters, digits and _.-, got another character.{better}"
        if not isinstance(item, str):
            yield f"{where}: expected a text, got {without_value(item)}. Put it in quotes."
        elif "\0" in item:
            yield f"{where}: expected a text without NUL characters, which no container's environment can hold."
