"""Settings come from the environment, under the names that ASP.NET Core gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

MINIMUM_KEY_BYTES = 32

_PAIR = re.compile(r"""\s*(?P<key>[^=;]+?)\s*=\s*(?:"(?P<double>(?:[^"]|"")*)"|'(?P<single>(?:[^']|'')*)'|(?P<plain>[^;]*?))\s*(?:;|$)""")
_NAMES = {"server": "host", "user id": "username", "userid": "username", "user name": "username", "db": "database"}


class ConfigurationError(Exception):
    """The service cannot run with these settings, now or later: it says so and exits."""


@dataclass(frozen=True)
class Switches:
    """Faults on request, for tests of a deployer."""

    boot_delay: float
    die_at_start: int | None
    unhealthy_after: float | None
    fail_migration: bool
    version: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Switches:
        die = environment.get("DEMO_DIE_AT_START")
        unhealthy = environment.get("DEMO_UNHEALTHY_AFTER")
        return cls(
            boot_delay=float(environment.get("DEMO_BOOT_DELAY") or 0),
            die_at_start=int(die) if die else None,
            unhealthy_after=float(unhealthy) if unhealthy else None,
            fail_migration=environment.get("DEMO_FAIL_MIGRATION", "").lower() in {"1", "true", "yes"},
            version=environment.get("DEMO_VERSION") or "1.0.0",
        )


def required(environment: Mapping[str, str], name: str) -> str:
    """Return a setting that has no sensible default."""
    value = environment.get(name, "")
    if not value:
        raise ConfigurationError(f"{name} is not set.")
    return value


def signing_key(environment: Mapping[str, str], name: str) -> str:
    """Return the JWT key. There is no default: a guessable key lets anyone be an administrator."""
    key = required(environment, name)
    if len(key.encode()) < MINIMUM_KEY_BYTES:
        raise ConfigurationError(f"{name} has {len(key.encode())} bytes, HS256 needs at least {MINIMUM_KEY_BYTES}.")
    return key


def connection_string(environment: Mapping[str, str], name: str) -> dict[str, str | int]:
    """Return ConnectionStrings__<name>, in Npgsql's form, as arguments of asyncpg.connect."""
    variable = f"ConnectionStrings__{name}"
    text = required(environment, variable)
    pairs: dict[str, str] = {}
    position = 0
    while position < len(text.rstrip("; \t")):
        match = _PAIR.match(text, position)
        if match is None:
            # The text is not shown: it holds a password.
            raise ConfigurationError(f"{variable} is not a list of Key=Value pairs from character {position} on.")
        key = match["key"].lower()
        if match["double"] is not None:
            value = match["double"].replace('""', '"')
        elif match["single"] is not None:
            value = match["single"].replace("''", "'")
        else:
            value = match["plain"]
        pairs[_NAMES.get(key, key)] = value
        position = match.end()
    missing = sorted({"host", "database", "username", "password"} - pairs.keys())
    if missing:
        raise ConfigurationError(f"{variable} lacks {', '.join(missing)}.")
    if not pairs.setdefault("port", "5432").isdigit():
        raise ConfigurationError(f"{variable}: Port is not a number.")
    return {
        "host": pairs["host"],
        "port": int(pairs["port"]),
        "database": pairs["database"],
        "user": pairs["username"],
        "password": pairs["password"],
    }


def listen_address(environment: Mapping[str, str]) -> tuple[str | None, int]:
    """Return host and port of ASPNETCORE_URLS; the host is None for http://+ and http://*, every interface."""
    url = required(environment, "ASPNETCORE_URLS").split(";")[0]
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.netloc:
        raise ConfigurationError(f"ASPNETCORE_URLS: expected http://+:PORT, got {url!r}.")
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    return (None if host in {"+", "*"} else host.strip("[]")), parts.port or 80
