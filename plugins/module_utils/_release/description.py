# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a release consists of: its apps, with all that a deploy, a gate and a backup have to know of them.

A role describes its app by the keys of App. They are the collection's public interface, documented in docs/apps.md, which a test
compares with these types. A deploy checks them strictly (plugin_utils/_app_faults.py) and writes what the server has to know of them
into ``release.json``. That is read tolerantly: a backup may have been made by an older version, or by a newer one.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import Any

from .._base import state
from .._health.probes import Check

# The version of App. It rises where a description that was right would be refused, or mean something else.
APP_DESCRIPTION = 1
# The file of the tree in which a release says what it consists of; see the role stack.
FILE = "release.json"

# What a role has to state, though a release of an older version may lack it.
REQUIRED = {"required": True}
# What must not be shown.
HIDDEN = {"hidden": True}


@dataclass(frozen=True, kw_only=True)
class Database:
    """A PostgreSQL database of an app, in a container of its own. A backup dumps it."""

    container: str
    name: str
    user: str
    volume: str = field(default="", metadata=REQUIRED)
    # A network of the app alone, by its key in the app's Compose file; empty for the one that all apps share.
    network: str = ""
    schema_query: str = ""


@dataclass(frozen=True, kw_only=True)
class ContainerFile:
    """A file that one of the app's containers has, and that is to outlive it."""

    container: str
    path: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentVariable:
    """An environment variable of one of the app's containers."""

    container: str
    variable: str


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret that an app needs. The server generates it where none is given."""

    name: str
    value: str = field(default="", repr=False, metadata=HIDDEN)
    length: int = field(default=32, metadata={"unit": "characters"})
    min_length: int = field(default=12, metadata={"unit": "characters"})
    fixed: bool = False
    database: str = ""
    taken_from: EnvironmentVariable | None = None
    # Whether the app reads it only when it starts on an empty database: another one would change nothing later.
    at_first_start: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source that the server builds an image from."""

    src: str
    checksum: str
    dest: str
    image: str
    required: tuple[str, ...]
    max_entries: int = field(metadata={"unit": "entries"})
    max_size: int = field(metadata={"unit": "bytes"})
    max_ratio: int = field(metadata={"unit": "times"})


@dataclass(frozen=True, kw_only=True)
class AppFile:
    """A file of the tree that is computed, beside those of the templates of its app's role."""

    path: str
    content: str = field(repr=False, metadata=HIDDEN)
    private: bool = False


@dataclass(frozen=True, kw_only=True)
class App:
    """An app, as its role describes it. What release.json does not record is empty where it was read from there."""

    name: str
    title: str = field(default="", metadata=REQUIRED)
    server_names: tuple[str, ...] = field(default=(), metadata=REQUIRED)
    certificate: str = field(default="", metadata=REQUIRED)
    containers: tuple[str, ...]
    volumes: tuple[str, ...] = field(default=(), metadata=REQUIRED)
    databases: tuple[Database, ...] = ()
    kept_files: tuple[ContainerFile, ...] = ()
    images: tuple[str, ...] = field(default=(), metadata=REQUIRED)
    secrets: tuple[Secret, ...] = field(default=(), metadata=REQUIRED | HIDDEN)
    # In a release that was read, one that this version cannot ask is kept as it is.
    probes: tuple[Check | dict[str, Any], ...] = field(default=(), metadata=REQUIRED)
    one_of: dict[str, Any] = field(default_factory=dict)
    formats: dict[str, dict[str, Any]] = field(default_factory=dict)
    source: Source | None = None
    # The app in whose site this one is served, below paths of its own. Host names and certificate are that one's.
    site_of: str = ""
    unprefixed_volumes: tuple[str, ...] = ()
    environment_file: str = ""
    files: tuple[AppFile, ...] = field(default=(), metadata=HIDDEN)
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @classmethod
    def upgraded(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Return a description as it is read: an app without a title goes by its name, and an empty source is none."""
        return {"title": data.get("name"), **{key: value for key, value in data.items() if key != "source" or value}}

    @property
    def networks(self) -> set[str]:
        """Return the networks that are the app's alone, by their keys in its Compose file."""
        return {one.network for one in self.databases if one.network}

    @property
    def checks(self) -> list[Check]:
        """Return the probes that can be asked."""
        return [probe for probe in self.probes if not isinstance(probe, dict)]


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """The proxy, which belongs to no app."""

    containers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a release says of itself. One that says nothing has no apps."""

    format: int = 1
    project: str = ""
    network: str = ""
    # The authorities that the gate trusts, empty for the system's.
    ca_file: str = ""
    # Whether the gate takes a certificate for good because it is the one on disk.
    certificates_on_disk: bool = False
    # Whether others put its certificates in place, and renew them.
    certificates_existing: bool = False
    https_port: int = 443
    certificates_warn_days: int = 0
    proxy: Proxy = Proxy(containers=())
    apps: tuple[App, ...] = ()
    # App: digest of the source its image was built from.
    sources: dict[str, str] = field(default_factory=dict)
    # The apps whose containers are exchanged while the ones of before still serve, and the seconds that those then have to finish.
    side_by_side: tuple[str, ...] = ()
    drain: int = 60
    # Whether no deploy made it, so that this was found out when it was sealed; and whether its probes were asked then.
    by_hand: bool = False
    asked: bool = False

    @classmethod
    def upgraded(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Return what 0.3.0 wrote as it is written today: it took numbers from the inventory as they were, also texts."""
        numbers = {key: int(data[key]) for key in ("https_port", "certificates_warn_days") if str(data.get(key)).isdecimal()}
        return {**data, **numbers}

    @property
    def containers(self) -> set[str]:
        """Return the containers of apps and proxy."""
        return {*self.proxy.containers, *(name for app in self.apps for name in app.containers)}

    @property
    def own_networks(self) -> set[str]:
        """Return the networks that are an app's alone, by their keys in the Compose files."""
        return {network for app in self.apps for network in app.networks}

    def as_found(self, containers: Container[str], probes: bool) -> Release:
        """Return what of this release existed in one made by hand, which says nothing of itself; with its probes if they are to be kept.

        Certificates, names of sites and networks are those of the deploy that described them, and no part of it.
        """
        apps = []
        for app in self.apps:
            present = tuple(name for name in app.containers if name in containers)
            if present:
                databases = tuple(replace(one, network="") for one in app.databases if one.container in containers)
                kept = app.probes if probes else ()
                apps.append(App(name=app.name, title=app.title, containers=present, probes=kept, databases=databases))
        proxy = Proxy(containers=tuple(name for name in self.proxy.containers if name in containers))
        return Release(by_hand=True, apps=tuple(apps), proxy=proxy)


def volume_name(project: str, volume: str, unprefixed: Container[str] = ()) -> str:
    """Return the name by which the engine knows a volume of an app."""
    return volume if volume in unprefixed else f"{project}_{volume}"


def parse(content: bytes) -> Release:
    """Return what the text of a release.json says, of whichever version; raise Misfit where it says nothing of the kind."""
    return state.decode(content, Release)


def damage_of(content: bytes | None) -> str:
    """Return what keeps a release.json from being read; nothing where it can be, or where there is none."""
    try:
        if content is not None:
            parse(content)
    except state.Misfit as error:
        return f"{FILE} is damaged: {error}"
    return ""


def load(path: str, remedy: str) -> Release | None:
    """Return what a release.json says, None where there is none; remedy is the end of the error where it is damaged."""
    return state.load(path, Release, remedy)
