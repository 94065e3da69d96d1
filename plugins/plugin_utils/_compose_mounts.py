# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes, files and ports of a service in a Compose file, in either of the forms that Compose reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

# The address of a published port; an IPv6 one is in brackets.
ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:]+)\]|(?P<four>[0-9]+(?:\.[0-9]+){3}|[a-z]+)):")


@dataclass(frozen=True)
class Mount:
    """What is mounted where. Kind volume has the key of a volume as source, kind file a path beside the Compose file."""

    kind: Literal["volume", "file", "other"]
    source: str
    target: str
    read_only: bool
    written: Any

    def at(self, source: str) -> Any:
        """Return the mount as Compose is to read it, of another source."""
        if isinstance(self.written, dict):
            return escaped({**self.written, "source": source})
        return escaped(f"{source}:{self.written.split(':', 1)[1]}")


def escaped(value: Any) -> Any:
    """Return a value whose variables have been replaced as one in which there are none."""
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    return value.replace("$", "$$") if isinstance(value, str) else value


def mount(written: Any) -> Mount:
    """Return what a line of volumes says; its variables have been replaced."""
    if isinstance(written, dict):
        source, target = str(written.get("source") or ""), str(written.get("target") or "")
        kind = _kind(source) if written.get("type") in ("volume", "bind") and source else "other"
        return Mount(kind, source, target, bool(written.get("read_only")), written)
    source, _colon, rest = str(written).partition(":")
    target, _colon, options = rest.partition(":")
    if not target:
        return Mount("other", "", source, False, written)
    return Mount(_kind(source), source, target, "ro" in options.split(","), written)


def _kind(source: str) -> Literal["volume", "file", "other"]:
    if source.startswith("/"):
        return "other"
    return "file" if source.startswith((".", "~")) or "/" in source else "volume"


@dataclass(frozen=True)
class Port:
    """A published port: at which address, empty for all, and which one, empty for one that the engine chooses."""

    address: str
    published: str
    shown: str

    @property
    def is_local(self) -> bool:
        """Say whether only the server itself reaches it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost")

    def meets(self, wanted: list[int]) -> bool:
        """Say whether it is one of these, or a range with one of them."""
        first, _dash, last = self.published.partition("-")
        return first.isdecimal() and any(int(first) <= one <= int(last or first) for one in wanted)


def port(written: Any) -> Port:
    """Return what a line of ports says; its variables have been replaced."""
    if isinstance(written, dict):
        published = str(written.get("published") or "")
        return Port(str(written.get("host_ip") or ""), published, f"{published or 'any'}:{written.get('target')}")
    text = str(written)
    found = ADDRESS.match(text)
    rest = text[found.end() :] if found else text
    published = rest.partition("/")[0].rpartition(":")[0]
    return Port((found["six"] or found["four"]) if found else "", published, text)
