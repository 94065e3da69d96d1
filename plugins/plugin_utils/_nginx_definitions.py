# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What blocks refer to by a name that is defined at http level: upstreams, variables of maps, zones, formats of logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Directive
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_targets import PASSES, variables

_MAPS = ("map", "geo", "split_clients")
_ZONE = re.compile(r"(?:zone|keys_zone)=([^:]+)(?::.*)?")
_HOST = re.compile(r"(?:\w+://)?([^:/\s$]+)(?::\d+)?(?:/.*)?")


@dataclass(frozen=True)
class Name:
    """A name and what kind of thing bears it: upstream, variable, zone or log_format."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} {'$' if self.kind == 'variable' else ''}{self.text}"

    def replaced(self, new: str, text: str) -> str:
        """Return a text with this name replaced wherever it is defined or used."""
        old = re.escape(self.text)
        patterns = {
            "upstream": rf"(?<=://){old}(?=[:/;\s\"'}}]|$)|(?<=upstream ){old}(?=[\s{{])",
            "variable": rf"(?<=\$){old}\b|(?<=\${{){old}(?=}})",
            "zone": rf"(?<=zone=){old}(?=[:;\s])|(?<=limit_conn ){old}(?=\s)|(?<=_cache ){old}(?=[;\s])",
        }
        return re.sub(patterns[self.kind], new, text)


def defined(configuration: Configuration) -> dict[Name, Directive]:
    """Return what a configuration defines at http level, by name."""
    return {name: one for one in configuration.http for name in _defines(one)}


def _defines(one: Directive) -> Iterator[Name]:
    if one.name in ("upstream", "log_format") and one.args:
        yield Name(one.name, one.args[0])
    elif one.name in _MAPS and one.args:
        yield Name("variable", one.args[-1].removeprefix("$"))
    elif one.name.endswith(("_zone", "_cache_path")):
        yield from (Name("zone", found[1]) for word in one.args if (found := _ZONE.fullmatch(word)))


def needed(blocks: Iterable[Directive], known: Mapping[Name, Directive]) -> dict[Name, Directive]:
    """Return which of the known definitions blocks use, and those that these use, in the order in which they are known."""
    found: set[Name] = set()
    pending = list(blocks)
    while pending:
        more = {name for one in pending for name in _uses(one) if name in known} - found
        found |= more
        pending = [known[name] for name in more]
    return {name: one for name, one in known.items() if name in found}


def _uses(block: Directive) -> Iterator[Name]:
    yield from (Name("variable", name) for name in variables([block]))
    for one in block.walk():
        # In a map any word may be the value that a proxy_pass gets.
        if one.name in (*PASSES, "set") or block.name in _MAPS:
            yield from (Name("upstream", found[1]) for word in one.args if (found := _HOST.fullmatch(word)))
        if one.name in ("limit_conn", *(f"{kind}_cache" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))):
            yield from (Name("zone", word) for word in one.args[:1])
        elif one.name == "limit_req":
            yield from (Name("zone", found[1]) for word in one.args if (found := _ZONE.fullmatch(word)))
        elif one.name == "access_log":
            yield from (Name("log_format", word) for word in one.args[1:2])


def alike(one: Directive, other: Directive) -> bool:
    """Say whether two directives mean the same, however they are written."""
    if (one.name, one.args, one.block is None) != (other.name, other.args, other.block is None):
        return False
    inner, others = one.block or (), other.block or ()
    return len(inner) == len(others) and all(alike(a, b) for a, b in zip(inner, others, strict=True))
