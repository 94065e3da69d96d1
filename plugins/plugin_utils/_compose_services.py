# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The services of an owner's Compose file as they are among other apps: what he wrote, and what the platform has to see to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import referenced
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _compose_environment, _compose_mounts
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_beside import Beside, NotUsable
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_project import SHARED, Names

RESTART = "unless-stopped"
LOGGING = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}
# Compose compares configurations, not files that are mounted: another content has to be another configuration.
FILES_LABEL = "rarebooks.platform.files"


class Services:
    """Makes the services, and collects what that needs besides: files, volumes, networks, what is wrong and what is worth telling."""

    def __init__(self, names: Names, beside: Beside, secrets: Mapping[str, str], known: Mapping[str, str], publish: bool) -> None:
        self.names = names
        self.files: list[dict[str, Any]] = []
        self.volumes: dict[str, None] = {}
        self.networks: dict[str, None] = {}
        # What the owner's files give as values of secrets, by key.
        self.given: dict[str, set[str]] = {}
        self.faults: list[str] = []
        self.notes: list[str] = []
        self._beside = beside
        # References by the keys of secrets, and the values of all variables, references among them.
        self._secrets = secrets
        self._known = known
        self._publish = publish
        self._written: set[str] = set()
        self._environments: dict[str, str] = {}

    def service(self, key: str, written: Mapping[str, Any], filled: Mapping[str, Any], image: str, is_served: bool) -> dict[str, Any]:
        """Return one service; written is what the file says, filled the same with its variables replaced."""
        where = f"services.{key}"
        service = {name: value for name, value in written.items() if name not in ("build", "ports", "scale", "networks")}
        service.update(image=image, container_name=self.names.container(key), networks=self._networks(where, key, filled, is_served))
        service.setdefault("restart", RESTART)
        service.setdefault("logging", LOGGING)
        for name, value in (
            ("ports", self._ports(where, written, filled)),
            ("environment", self._environment(written, filled)),
            ("env_file", self._environment_files(where, filled)),
            ("depends_on", self._depends_on(written)),
        ):
            service.pop(name, None)
            if value:
                service[name] = value
        if written.get("volumes"):
            service["volumes"] = self._mounts(where, service, written["volumes"], filled["volumes"])
        return service

    def _fault(self, where: str, text: str) -> None:
        self.faults.append(f"{where}: {text}")

    def _networks(self, where: str, key: str, filled: Mapping[str, Any], is_served: bool) -> dict[str, Any]:
        wanted = filled.get("networks") or ["default"]
        settings: Mapping[str, Any] = wanted if isinstance(wanted, dict) else dict.fromkeys(wanted)
        networks: dict[str, Any] = {}
        for network, said in settings.items():
            if not self.names.has_network(network):
                self._fault(f"{where}.networks", f"expected networks of this file, got {network}. Declare it under networks.")
                continue
            name, own = self.names.network(network), dict(said or {})
            if not self.names.is_ours:
                own["aliases"] = list(dict.fromkeys([key, *(own.get("aliases") or [])]))
            networks[name] = own or None
            if name != SHARED:
                self.networks[network] = None
        if is_served:
            networks.setdefault(SHARED, None)
        return networks

    def _ports(self, where: str, written: Mapping[str, Any], filled: Mapping[str, Any]) -> list[Any]:
        """Keep what only the server itself reaches; the rest where the inventory wants it published."""
        kept = []
        for said, value in zip(written.get("ports") or (), filled.get("ports") or (), strict=True):
            port = _compose_mounts.port(value)
            if port.is_local:
                kept.append(said)
            elif not self._publish:
                self.notes.append(
                    f"{where}.ports: {port.shown} is not published, since visitors come through the proxy alone. Take the line out of the "
                    "file, or set publish: true in this entry to publish it."
                )
            elif port.meets(list(self.names.stack.ports)):
                self._fault(f"{where}.ports", f"expected other ports than the proxy's, got {port.shown}. Give it a route instead.")
            else:
                kept.append(said)
        return kept

    def _environment(self, written: Mapping[str, Any], filled: Mapping[str, Any]) -> dict[str, Any]:
        """Take the values of secrets from the environment of the file, where Compose finds what the server knows."""
        said, values = _pairs(written.get("environment")), _pairs(filled.get("environment"))
        for key in said:
            if key in self._secrets:
                # One that names the variable of the same name is none given here.
                if values[key] and "$" not in str(said[key]):
                    self.given.setdefault(key, set()).add(str(values[key]))
                said[key] = f"${{{key}}}"
            elif said[key] is None and key in self._known:
                said[key] = f"${{{key}}}"
        return said

    def _environment_files(self, where: str, filled: Mapping[str, Any]) -> list[str]:
        wanted = filled.get("env_file") or []
        paths = []
        for one in [wanted] if isinstance(wanted, (str, dict)) else wanted:
            entry = one if isinstance(one, dict) else {"path": one}
            try:
                if entry.get("format"):
                    raise NotUsable("expected an environment file in Compose's own format, got another one. Take format out")
                if self._beside.exists(str(entry.get("path"))) or entry.get("required", True):
                    paths.append(self._environment_file(str(entry.get("path"))))
            except (NotUsable, ValueError) as error:
                self._fault(f"{where}.env_file", f"{error}.")
        return paths

    def _environment_file(self, path: str) -> str:
        lines = _compose_environment.read(self._beside.read(path))
        for key, value in _compose_environment.values(lines, self._known).items():
            if key in self._secrets and value and not referenced(value):
                self.given.setdefault(key, set()).add(value)
        plain = path.removeprefix("./")
        own = f"env/{self.names.app}/{plain.replace('/', '_')}{'' if plain.endswith('.env') else '.env'}"
        other = self._environments.setdefault(own, plain)
        if other != plain:
            raise NotUsable(f"expected files that have different names in one directory, got {other} and {plain}. Rename one of them")
        self._add(own, _compose_environment.text(_compose_environment.values(lines, self._known, self._secrets)), private=True)
        return f"./{own}"

    def _depends_on(self, written: Mapping[str, Any]) -> Any:
        said = written.get("depends_on")
        if isinstance(said, dict):
            return {self.names.service(name): value for name, value in said.items()}
        return [self.names.service(name) for name in said or ()]

    def _mounts(self, where: str, service: dict[str, Any], written: Iterable[Any], filled: Iterable[Any]) -> list[Any]:
        mounts: list[Any] = []
        digests: dict[str, str] = {}
        for said, value in zip(written, filled, strict=True):
            mount = _compose_mounts.mount(value)
            if mount.kind == "volume":
                mounts.append(self._volume(where, mount))
            elif mount.kind == "file":
                mounts.append(self._files(where, mount, digests))
            else:
                mounts.append(said)
        if digests:
            digest = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
            service["labels"] = {**_pairs(service.get("labels")), FILES_LABEL: digest}
        return mounts

    def _volume(self, where: str, mount: _compose_mounts.Mount) -> Any:
        if not self.names.has_volume(mount.source):
            self._fault(f"{where}.volumes", f"expected volumes of this file, got {mount.source}. Declare it under volumes.")
        self.volumes[mount.source] = None
        return mount.at(self.names.volume(mount.source))

    def _files(self, where: str, mount: _compose_mounts.Mount, digests: dict[str, str]) -> Any:
        """Take files along that a container only reads; what it writes to would be no part of a release."""
        try:
            if not mount.read_only:
                raise NotUsable(
                    f"expected what lies beside the Compose file to be mounted read-only, got {mount.source}. Add :ro where the container "
                    "only reads it. Where it writes, use a volume: it is in every snapshot, the absolute path of a directory on the server "
                    "is in none"
                )
            for path, text in self._beside.tree(mount.source).items():
                digests[path] = hashlib.sha256(text.encode()).hexdigest()
                self._add(f"files/{self.names.app}/{path}", text)
        except NotUsable as error:
            self._fault(f"{where}.volumes", f"{error}.")
            return mount.written
        source = mount.source.removeprefix("./").rstrip("/")
        return mount.at(f"./files/{self.names.app}" + ("" if source in ("", ".") else f"/{source}"))

    def _add(self, path: str, content: str, private: bool = False) -> None:
        if path not in self._written:
            self._written.add(path)
            self.files.append({"path": path, "content": content, "private": private})


def _pairs(said: Any) -> dict[str, Any]:
    """Return an environment or labels as a dictionary."""
    if isinstance(said, dict):
        return dict(said)
    split = (str(item).partition("=") for item in said or ())
    return {key: value if equals else None for key, equals, value in split}
