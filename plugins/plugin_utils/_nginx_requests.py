# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The requests that show whether two configurations of nginx answer alike: hosts, paths and methods of both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Location, Server

# Names that nobody has (RFC 2606, 2), and a path that no app has.
UNKNOWN_HOST = "unknown-host.invalid"
UNKNOWN_PATH = "/unknown-path-of-no-app"
# What a regular expression asks for, by an example; the longer signs first.
_EXAMPLES = (
    (re.compile(r"\(\?(?:[=!]|<[=!])[^()]*\)"), ""),
    (re.compile(r"\((?:\?:|\?P?<\w+>)?([^()|]*)(?:\|[^()]*)?\)[*+?]?"), r"\1"),
    (re.compile(r"\[\^[^\]]*\](?:[*+?]|\{\d+(?:,\d*)?\})?"), "x"),
    (re.compile(r"\[(\w)[^\]]*\](?:[*+?]|\{\d+(?:,\d*)?\})?"), r"\1"),
    (re.compile(r"\\d(?:[*+?]|\{\d+(?:,\d*)?\})?"), "1"),
    (re.compile(r"(?:\\w|\\S|(?<!\\)\.)(?:[*+?]|\{\d+(?:,\d*)?\})?"), "x"),
    (re.compile(r"(?<!\\)[\^$*+?]"), ""),
    (re.compile(r"\\(.)"), r"\1"),
)


@dataclass(frozen=True)
class Request:
    """One request, of a method that changes nothing."""

    method: str
    scheme: str
    host: str
    path: str


def table(current: Configuration, desired: Configuration) -> list[dict[str, str]]:
    """Return the requests: the most telling first, so that a limit cuts off the others."""
    servers = [*current.servers, *desired.servers]
    hosts = [host for host in dict.fromkeys(name for server in servers for name in server.names) if _host(host)]
    sites = [(_host(host), scheme, list(_paths(servers, host, scheme))) for host in hosts for scheme in _schemes(servers, host)]
    sites += [(UNKNOWN_HOST, scheme, ["/"]) for scheme in ("http", "https")]
    found = [Request("GET", scheme, host, path) for host, scheme, paths in sites for path in paths]
    found += [Request("HEAD", scheme, host, "/") for host, scheme, _paths in sites]
    found += [Request("OPTIONS", scheme, host, path) for host, scheme, paths in sites for path in paths]
    return [asdict(one) for one in dict.fromkeys(found)]


def _host(name: str) -> str:
    """Return a host for a server name, empty for one that stands for any or is a regular expression."""
    if name.startswith("~") or name in ("_", "localhost"):
        return ""
    return name.removeprefix(".").replace("*", "any")


def _schemes(servers: Sequence[Server], host: str) -> Iterator[str]:
    """Yield the schemes under which one of the configurations has a host."""
    ssl = {server.ssl for server in servers if host in server.names}
    yield from (scheme for scheme, wanted in (("https", True), ("http", False)) if wanted in ssl)


def _paths(servers: Sequence[Server], host: str, scheme: str) -> Iterator[str]:
    yield "/"
    yield UNKNOWN_PATH
    # What one configuration has at one scheme the other may have at the other one.
    for server in sorted(servers, key=lambda one: one.ssl is not (scheme == "https")):
        if host in server.names:
            yield from (path for one in server.locations if (path := example(one)))


def example(location: Location) -> str:
    """Return a path that a location is for, empty where none can be made up."""
    if not location.is_regex:
        return location.path
    path, before = location.path, ""
    while path != before:  # Groups within groups, from the inside out.
        before = path
        for pattern, value in _EXAMPLES[:2]:
            path = pattern.sub(value, path)
    for pattern, value in _EXAMPLES[2:]:
        path = pattern.sub(value, path)
    path = path if path.startswith("/") else f"/x{path}"
    return path if location.matches(path) and re.fullmatch(r"[\x21-\x7e]+", path) else ""
