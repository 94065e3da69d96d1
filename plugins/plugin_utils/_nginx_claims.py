# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sites, locations and statements of a running nginx the configuration of a release does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Directive, Location, Server
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_targets import Target, Targets, own_settings

# Names under which nobody looks for a site.
_NOBODY = ("localhost",)
CATCH_ALL = "_"
# https://nginx.org/en/docs/http/ngx_http_rewrite_module.html: those of a server block come before the choice of a location.
_STATEMENTS = ("if", "rewrite")


@dataclass(frozen=True)
class Unclaimed:
    """A site, a location or a statement that nobody claims; its id names it in reports and in stack_let_go."""

    kind: str
    host: str
    # Of a site all its server blocks, of a location the one that it lies in.
    servers: tuple[Server, ...] = field(repr=False)
    location: Location | None = field(default=None, repr=False)
    # What lets only some in there today, in words of nginx.
    guards: str = ""
    # What a server block does to every request before nginx looks for a location.
    statement: Directive | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        called = [self.location.called] if self.location else [self.statement.name, *self.statement.args] if self.statement else []
        return " ".join([self.kind, self.host, *called])

    @property
    def blocks(self) -> list[Directive]:
        if self.statement:
            return [self.statement]
        return [self.location.directive] if self.location else [one.directive for one in self.servers]

    @property
    def text(self) -> str:
        return "\n".join(one.text for one in self.blocks)


def find(current: Configuration, desired: Configuration, names: Mapping[str, str]) -> list[Unclaimed]:
    """Return what the current configuration serves and the desired one does not, sites first.

    Names says which container each service of the current one's Compose project is: hand-written configurations pass requests to
    services, ours to containers.
    """
    claimed = {name for server in desired.servers for name in server.names} - {CATCH_ALL}
    sites = [Unclaimed("site", host, blocks) for host, blocks in _sites(current, claimed, names).items()]
    return [*sites, *_locations(current, desired, names), *_statements(current, desired)]


def _sites(current: Configuration, claimed: set[str], names: Mapping[str, str]) -> dict[str, tuple[Server, ...]]:
    found: dict[str, list[Server]] = {}
    for server in current.servers:
        for name in server.names:
            if name not in claimed and name not in _NOBODY and (name != CATCH_ALL or _serves(current, server, names)):
                found.setdefault(name, []).append(server)
    return {name: tuple(blocks) for name, blocks in found.items()}


def _serves(current: Configuration, server: Server, names: Mapping[str, str]) -> bool:
    """Say whether a block for hosts that no other one names does more than refuse or redirect them."""
    targets = Targets(current, names)
    return any(targets.of(server, one).kind == "pass" for one in server.locations)


def _locations(current: Configuration, desired: Configuration, names: Mapping[str, str]) -> Iterator[Unclaimed]:
    seen: set[str] = set()
    mine, theirs = Targets(desired, {}), Targets(current, names)
    for server in current.servers:
        for host, blocks in _claimants(server, desired):
            for location in _places(server):
                target = theirs.of(server, location)
                guards = ", ".join(sorted(" ".join(words) for words in target.guards))
                one = Unclaimed("location", host, (server,), location, guards)
                # What only answers over plain HTTP claims nothing of what is asked over TLS.
                sites = [block for block in blocks if block.ssl or not server.ssl]
                if one.id not in seen and not _is_claimed(target, location, sites, mine):
                    seen.add(one.id)
                    yield one


def _statements(current: Configuration, desired: Configuration) -> Iterator[Unclaimed]:
    """Yield what a block does to every request and the release's own does not; over plain HTTP that leads everybody elsewhere anyway."""
    seen: set[str] = set()
    for server in filter(lambda one: one.ssl, current.servers):
        for host, blocks in _claimants(server, desired):
            ours = {_words(one) for block in blocks for one in block.directive.all(*_STATEMENTS)}
            for statement in server.directive.all(*_STATEMENTS):
                one = Unclaimed("statement", host, (server,), statement=statement)
                if one.id not in seen and _words(statement) not in ours:
                    seen.add(one.id)
                    yield one


def _words(directive: Directive) -> str:
    return " ".join(directive.text.split())


def _places(server: Server) -> list[Location]:
    """Return the locations of a block; one that leads everybody elsewhere is one for every path, and its own ones answer nobody."""
    for one in server.directive.all("return") if server.ssl else ():
        if Target("return", " ".join(one.args)).redirects:
            return [Location(replace(one, name="location", args=("/",), text=f"location / {{ {one.text.strip()} }}", block=(one,)), ())]
    return server.locations


def _claimants(server: Server, desired: Configuration) -> Iterator[tuple[str, list[Server]]]:
    """Yield for each site of the release that has names of a block the first such name, and the site's own blocks."""
    done: set[str] = set()
    for host in server.names:
        blocks = [one for one in desired.servers if host in one.names] if host != CATCH_ALL else []
        if blocks and host not in done:
            done.update(name for one in blocks for name in one.names)
            yield host, blocks


def _is_claimed(target: Target, location: Location, blocks: Sequence[Server], mine: Targets) -> bool:
    """Say whether the release answers where a location does, in one of a site's blocks."""
    for block in blocks:
        same = [one for one in block.locations if one.called == location.called or _is_whole_expression(one, location)]
        if _is_led_into(target, location, block):
            return True
        for one in same or covering(block, location):
            if _answers(mine.of(block, one), target, location, bool(same)):
                return True
    return False


def _is_whole_expression(ours: Location, theirs: Location) -> bool:
    """Say whether a location of ours has every path that a regular expression of theirs can match."""
    return theirs.is_regex and ours.modifier in ("", "^~") and ours.path == beginning(theirs) != "/"


def _is_led_into(target: Target, location: Location, block: Server) -> bool:
    """Say whether a path is led to the same one with a slash at its end, as nginx does by itself where that is passed on."""
    inside = f"{location.path}/"
    return target.kind == "return" and target.what.endswith(f" {inside}") and any(one.path == inside for one in block.locations)


def _answers(ours: Target, theirs: Target, location: Location, same: bool) -> bool:
    """Say whether a location of ours does what theirs does. One of the same path may do it in its own way.

    Not where it refuses, nor where it lets more people in.
    """
    if ours.redirects:
        return theirs.redirects
    if theirs.redirects:
        return ours == theirs
    # Before an answer of nginx's own it asks nobody who he is.
    if theirs.kind != "return" and not theirs.guards <= ours.guards:
        return False
    if same:
        return ours.refuses == theirs.refuses
    if theirs.kind == "pass":
        return ours == theirs and not own_settings(location)
    return ours == theirs


def covering(server: Server, location: Location) -> list[Location]:
    """Return the location of a block that a request for another block's location reaches, as nginx would choose; none where none does."""
    path = beginning(location)
    prefixes = [one for one in server.locations if one.modifier in ("", "^~") and path.startswith(one.path)]
    longest = max(prefixes, key=lambda one: len(one.path), default=None)
    if longest is None or longest.modifier != "^~":
        for one in server.locations:
            if one.is_regex and one.matches(path):
                return [one]
    return [longest] if longest else []


def beginning(location: Location) -> str:
    """Return a path that a location's paths begin with: its own, or of a regular expression what is certain in it."""
    if not location.is_regex:
        return location.path
    found = re.match(r"\^((?:[A-Za-z0-9/_-]|\\[./-])*)(?![*?{])", location.path)
    return (found[1].replace("\\", "") if found else "") or "/"
