# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes what nobody claims in a running nginx as a release can carry it: proxy_adopted_sites and proxy_adopted_locations."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.rarebooks.platform.plugins.plugin_utils import _nginx_claims, _nginx_definitions
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_claims import CATCH_ALL, Unclaimed
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Directive, Server
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_definitions import Name
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_inherited import answer_type, handed_down, variables_set
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_targets import PASSES, Targets
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_text import begun_with, changed, dedented

# What the proxy has mounted besides its own configuration, and what its image has.
_MOUNTED = ("/etc/letsencrypt/", "/var/www/certbot", "/usr/share/nginx/")
_NAMES_A_FILE = re.compile(
    r"root|alias|auth_basic_user_file|(?:\w+_)?ssl_(?:certificate|certificate_key|trusted_certificate|client_certificate|dhparam|crl)"
)
_OUR_PORTS = ("80", "443")


@dataclass
class Adopted:
    """The two variables, and what a person has to know of them."""

    sites: str = ""
    locations: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    # Why what cannot be carried is left behind, by its id.
    refused: dict[str, str] = field(default_factory=dict)


def unclaimed(current: Configuration, desired: Configuration, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what nobody claims: its id, kind and text, and what that needs besides."""
    known = _nginx_definitions.defined(current)
    return [
        {"id": one.id, "kind": one.kind, "text": one.text, "needs": needs(one.blocks, known)}
        for one in _nginx_claims.find(current, desired, names)
    ]


def needs(blocks: Sequence[Directive], known: Mapping[Name, Directive]) -> list[str]:
    """Return what blocks need beside their own text: definitions, files that the proxy does not have, other ports."""
    named = [str(name) for name in _nginx_definitions.needed(blocks, known)]
    inner = [one for block in blocks for one in block.walk()]
    files = [f"file {path}" for one in inner for path in _files(one)]
    ports = [f"port {port}" for one in inner if one.name == "listen" for port in [_port(one.args)] if port not in _OUR_PORTS]
    return list(dict.fromkeys([*named, *files, *ports]))


def adopt(
    current: Configuration,
    desired: Configuration,
    names: Mapping[str, str],
    apps: Mapping[str, Collection[str]],
    let_go: Collection[str] = (),
) -> Adopted:
    """Write what nobody claims, without what is let go. Apps are the host names of the release's apps by the apps' names."""
    items = [one for one in _nginx_claims.find(current, desired, names) if one.id not in let_go]
    return _Writer(current, desired, {host: app for app, hosts in apps.items() for host in hosts}).written(items)


class _Writer:
    """Collects texts, and what they need of the http level."""

    def __init__(self, current: Configuration, desired: Configuration, apps: Mapping[str, str]) -> None:
        self._current = current
        self._desired = desired
        self._apps = apps
        self._used: list[Directive] = []
        self._adopted = Adopted()

    def written(self, items: Sequence[Unclaimed]) -> Adopted:
        servers = list(self._servers([one for one in items if one.kind == "site"]))
        locations: dict[str, list[str]] = {}
        for app, text in self._locations([one for one in items if one.kind == "location"]):
            locations.setdefault(app, []).append(text)
        for one in items:
            if one.kind == "statement":
                self._adopted.refused[one.id] = (
                    f"it is done to every request for {one.host}, and no variable of ours puts it there. Set the app's variables so that "
                    "it does the same, or let it go."
                )
        definitions, renamed = self._definitions()
        self._adopted.sites = _joined([_renamed(text, renamed) for text in [*definitions, *servers]])
        self._adopted.locations = {app: _renamed(_joined(dict.fromkeys(texts)), renamed) for app, texts in locations.items()}
        return self._adopted

    def _note(self, text: str) -> None:
        if text not in self._adopted.notes:
            self._adopted.notes.append(text)

    def _servers(self, items: Sequence[Unclaimed]) -> Iterator[str]:
        hosts = [one.host for one in items if one.host != CATCH_ALL]
        for one in items:
            if one.host == CATCH_ALL:
                self._adopted.refused[one.id] = (
                    "it answers requests for hosts that no site names, and the proxy of this collection refuses these. "
                    "Give it a server_name on the server, or let it go."
                )
        for server in self._current.servers:
            kept = [name for name in server.names if name in hosts]
            if kept:
                yield self._server(server, kept)

    def _server(self, server: Server, kept: Sequence[str]) -> str:
        block = server.directive
        inherited = handed_down(block, [self._current.http])
        self._used += [block, *inherited]
        self._tell_needs(f"The site {kept[0]}", [block, *inherited])
        text = changed(dedented(block), lambda name, args: self._own_words(server, kept, name, args))
        return _origin(block) + begun_with(text, _lines(inherited) + answer_type(block, inherited))

    def _own_words(self, server: Server, kept: Sequence[str], name: str, args: tuple[str, ...]) -> str | None:
        """Return what stands in place of a directive of a site, None where that is itself."""
        if name == "server_name":
            here = [one for one in args if one.lower() in kept]
            return None if len(here) == len(args) else f"server_name {' '.join(here)};" if here else ""
        if name != "listen":
            return None
        if args and args[0].startswith("[") and any(not one[0].startswith("[") for one in server.listens):
            self._note(f"The site {kept[0]}: listen {args[0]} was left out, since the proxy listens on IPv4 inside of its container.")
            return ""
        words = [one for one in args if one not in ("default_server", "default")]
        if len(words) < len(args):
            self._note(f"The site {kept[0]} answered for all hosts that no site names (default_server); the proxy refuses these.")
        return None if len(words) == len(args) else f"listen {' '.join(words)};"

    def _locations(self, items: Sequence[Unclaimed]) -> Iterator[tuple[str, str]]:
        """Yield app and text of each location, and of the named locations that these lead to."""
        carried = {id(one.location.directive) for one in items if one.location}
        for one in items:
            if one.location is None or any(id(outer) in carried for outer in one.location.around):
                continue  # It is part of the text of the location around it.
            if any(moved in (one.location.directive.block or ()) for moved in one.servers[0].directive.all("return")):
                self._adopted.refused[one.id] = (
                    "its whole server block leads elsewhere, and the app of the release has this name among its own. Take it from there, "
                    "and it is carried over as a site, or let it go."
                )
                continue
            app = self._apps.get(one.host)
            if app is None or self._collides(one):
                self._adopted.refused[one.id] = (
                    f"the site of {app} has a location of the same path, which serves something. "
                    + f"Only some get in there today ({one.guards}). " * bool(one.guards)
                    + "Set the app's variables so that it does what this one does, or let it go."
                    if app
                    else f"no app of the release has the host {one.host} among its server names."
                )
                continue
            server, location = one.servers[0], one.location
            around = [*(outer.block or () for outer in reversed(location.around)), server.directive.block or (), self._current.http]
            yield app, self._location(one, location.directive, around)
            for named in _named(location.directive, server):
                yield app, self._location(one, named, around[-2:])

    def _location(self, one: Unclaimed, block: Directive, around: Sequence[Sequence[Directive]]) -> str:
        inherited = [*variables_set(block, around[:-1]), *handed_down(block, around)]
        self._used += [block, *inherited]
        self._tell_needs(f"The {one.id}", [block, *inherited])
        return _origin(block) + begun_with(dedented(block), _lines(inherited) + answer_type(block, inherited))

    def _collides(self, one: Unclaimed) -> bool:
        """Say whether the release serves something under the same path; where it only refuses, it gives way."""
        targets, path = Targets(self._desired, {}), one.location.called if one.location else ""
        blocks = [block for block in self._desired.servers if one.host in block.names and block.ssl]
        same = [targets.of(block, ours) for block in blocks for ours in block.locations if ours.called == path]
        return any(not target.refuses for target in same)

    def _tell_needs(self, what: str, blocks: Sequence[Directive]) -> None:
        for need in needs(blocks, {}):
            kind, _blank, value = need.partition(" ")
            if kind == "port":
                self._note(f"{what} listens on port {value}, which the proxy does not publish.")
            elif value.startswith("/etc/nginx/"):
                self._note(f"{what} needs {value}: put the file at {value.removeprefix('/etc/')} below stack_path before the deploy.")
            else:
                self._note(f"{what} needs {value}, which the proxy does not have mounted.")

    def _definitions(self) -> tuple[list[str], dict[Name, str]]:
        """Return the texts of what is used of the http level, and which names had to change since ours means something else."""
        ours = _nginx_definitions.defined(self._desired)
        known = _nginx_definitions.needed(self._used, _nginx_definitions.defined(self._current))
        texts: list[str] = []
        renamed: dict[Name, str] = {}
        for name, one in known.items():
            if name in ours and (name.kind == "log_format" or _nginx_definitions.alike(one, ours[name])):
                continue
            if name in ours:
                renamed[name] = f"adopted_{name.text}"
                self._note(f"The {name} is called adopted_{name.text} in what was adopted, since the proxy has another one of its name.")
            texts.append(_origin(one) + dedented(one))
        upstreams = {name.text: one for name, one in known.items() if name.kind == "upstream"}
        for host in dict.fromkeys(host for one in [*self._used, *upstreams.values()] for host in _looked_up(one, upstreams)):
            self._note(
                f"nginx looks up {host} when it starts or reloads, keeps its address until then, and does not start while it has none."
            )
        return texts, renamed


def _files(one: Directive) -> Iterator[str]:
    if _NAMES_A_FILE.fullmatch(one.name) and one.args and one.args[0] != "off" and "$" not in one.args[0] and ":" not in one.args[0]:
        path = posixpath.join("/etc/nginx", one.args[0])
        if not path.startswith(_MOUNTED):
            yield path


def _port(args: Sequence[str]) -> str:
    """Return the port of a listen directive."""
    address = re.sub(r"^(?:\[.*\]|[^:\[\]]*\.[^:]*|\*|localhost):?", "", args[0]) if args else ""
    return address if address.isdigit() else "80"


def _named(block: Directive, server: Server) -> Iterator[Directive]:
    """Yield the named locations of a server to which a block leads, and those to which these do."""
    by_name = {one.args[0]: one for one in server.directive.all("location") if one.args and one.args[0].startswith("@")}
    seen: set[str] = set()
    pending = [block]
    while pending:
        words = {word for one in pending.pop().walk() for word in one.args if word in by_name} - seen
        for word in sorted(words):
            seen.add(word)
            pending.append(by_name[word])
            yield by_name[word]


def _looked_up(block: Directive, upstreams: Collection[str]) -> Iterator[str]:
    """Yield the host names in a block that are not asked for again with every request."""
    for one in block.walk():
        address = one.args[0].rpartition("://")[2] if one.args else ""
        host = re.split("[:/]", address)[0]
        literal = host and "$" not in host and not re.fullmatch(r"[0-9.]+|unix|localhost", host)
        if literal and ((one.name in PASSES and host not in upstreams) or (one.name == "server" and one.block is None)):
            yield host


def _lines(inherited: Sequence[Directive]) -> list[str]:
    """Return what was handed down, to be put at the beginning of a block."""
    texts = [line for one in inherited for line in dedented(one).strip().splitlines()]
    return ["# What held here from around it:", *texts] if texts else []


def _origin(one: Directive) -> str:
    return f"# From {one.file}:{one.line}.\n"


def _renamed(text: str, renamed: Mapping[Name, str]) -> str:
    for name, new in renamed.items():
        text = name.replaced(new, text)
    return text


def _joined(texts: Collection[str]) -> str:
    return "\n".join(f"{text.rstrip()}\n" for text in texts)
