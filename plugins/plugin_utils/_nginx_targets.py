# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of a request in a location: which container it is passed to, or what nginx itself answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Directive, Location, Server

PASSES = ("proxy_pass", "fastcgi_pass", "grpc_pass", "scgi_pass", "uwsgi_pass")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_ADDRESS = re.compile(r"(?:(?P<scheme>\w+)://)?(?P<host>\[[^\]]*\]|[^:/\s]+)(?::(?P<port>\w+))?(?P<uri>/.*)?")
# A location with nothing but these passes requests on as they are; anything else it does is its own.
_PLAIN = {"proxy_http_version", "proxy_connect_timeout", "set", "error_page", *PASSES}
# What lets in only some; of a group the innermost block that has any of it decides.
_GUARDS = (("auth_basic",), ("auth_request",), ("allow", "deny"), ("ssl_verify_client",))
# What of it lets everybody in.
_OPEN = (("auth_basic", "off"), ("auth_request", "off"), ("allow", "all"), ("ssl_verify_client", "off"))
_PLAIN_HEADERS = {"host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}


@dataclass(frozen=True)
class Target:
    """What answers: kind is pass, return or files; what is a container and its port, an answer, or a place."""

    kind: str
    what: str
    # What takes the place of the location's path, where the request is not passed on as it came.
    uri: str = ""
    # What lets only some reach it. How is no part of what answers them.
    guards: frozenset[tuple[str, ...]] = field(default=frozenset(), compare=False)

    @property
    def refuses(self) -> bool:
        return self.kind == "return" and self.what[:1] == "4"

    @property
    def redirects(self) -> bool:
        """Say whether it sends every request to the same place over TLS."""
        return self.kind == "return" and bool(re.match(r"30\d https://", self.what))


class Targets:
    """Finds the targets of one configuration; names says of services which containers they are."""

    def __init__(self, configuration: Configuration, names: Mapping[str, str]) -> None:
        self._names = names
        self._http = configuration.http
        self._upstreams = {one.args[0]: one for one in configuration.http if one.name == "upstream" and one.args}

    def of(self, server: Server, location: Location) -> Target:
        """Return what becomes of a request that reaches a location."""
        return replace(self._answering(server, location), guards=frozenset(self._guards(server, location)))

    def _guards(self, server: Server, location: Location) -> Iterator[tuple[str, ...]]:
        blocks = [one.block or () for one in (location.directive, *reversed(location.around), server.directive)]
        for group in _GUARDS:
            stated = ([(one.name, *one.args) for one in block if one.name in group] for block in (*blocks, self._http))
            yield from (one for one in next(filter(None, stated), []) if one not in _OPEN)

    def _answering(self, server: Server, location: Location) -> Target:
        block = location.directive
        # What stands there is done before nginx looks for a location.
        scopes = (block, *reversed(location.around), server.directive)
        for one in [*server.directive.all("return"), *block.all("return")]:
            return Target("return", " ".join(one.args))
        for one in block.all(*PASSES):
            return self._passed(expand(one.args[0], scopes))
        if any(one.args == ("all",) for one in block.all("deny")) and not block.all("allow"):
            return Target("return", "403")
        place = next((one for scope in scopes for one in scope.all("root", "alias")), None)
        return Target("files", " ".join([place.name, *place.args]) if place else "")

    def _passed(self, address: str) -> Target:
        parts = _ADDRESS.fullmatch(address)
        if not parts:
            return Target("pass", address)
        port = parts["port"] or ("443" if parts["scheme"] == "https" else "80")
        upstream = self._upstreams.get(parts["host"]) if not parts["port"] else None
        members = [one.args[0] for one in upstream.all("server") if one.args] if upstream else [f"{parts['host']}:{port}"]
        return Target("pass", ", ".join(sorted(self._member(one) for one in members)), parts["uri"] or "")

    def _member(self, address: str) -> str:
        host, _colon, port = address.partition(":")
        return f"{self._names.get(host, host)}:{port or '80'}"


def expand(text: str, scopes: Iterable[Directive]) -> str:
    """Return a text with the variables in it that the scopes set, the innermost first."""
    scopes = tuple(scopes)

    def value(found: re.Match[str]) -> str:
        name = f"${found[1] or found[2]}"
        values = [one.args[1] for scope in scopes for one in scope.all("set") if len(one.args) == 2 and one.args[0] == name]
        return values[0] if values else found[0]

    return _VARIABLE.sub(value, text)


def own_settings(location: Location) -> list[str]:
    """Return the directives of a location that do more than pass requests on as they are."""
    return [" ".join([one.name, *one.args]) for one in location.directive.block or () if not _plain(one)]


def _plain(one: Directive) -> bool:
    if one.name == "proxy_set_header":
        return bool(one.args) and one.args[0].lower() in _PLAIN_HEADERS
    return one.name in _PLAIN or one.name == "location"


def variables(directives: Iterable[Directive]) -> Iterator[str]:
    """Yield the names of all variables that directives mention."""
    for directive in directives:
        for one in directive.walk():
            for word in (one.name, *one.args):
                yield from (found[1] or found[2] for found in _VARIABLE.finditer(word))
