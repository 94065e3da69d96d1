# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turns an owner's Compose project and a short description into an app: what docs/apps.md says of one, with its files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import reference
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _compose_environment, _compose_file, _compose_mounts, _compose_yaml
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_beside import Beside, NotUsable
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_project import SHARED, Names, Stack, project_name
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_services import Services
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_variables import NotReadable, Variables, renamed

NAME = re.compile(r"[a-z][a-z0-9_]*")
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
LOCATION = re.compile(r"/[A-Za-z0-9._~@+/-]*")
TIME = re.compile(r"[0-9]{1,9}(?:ms|s|m|h|d)?")
ENVIRONMENT = ".env"
DATA = ("/var/lib/postgresql/data", "/var/lib/postgresql")
HEADER = "# Written by Ansible (rarebooks.platform) from {}; changes made here are lost at the next deploy.\n"
ROUTE = {"websocket": False, "body_size": "1m", "read_timeout": "60s"}


def read(entry: Mapping[str, Any], stack: Stack, reading: Callable[[str], str]) -> dict[str, Any]:
    """Return the description of an app, and its routes; what is wrong is in its problems, and all else then means nothing."""
    app = _Reader(entry, stack, reading)
    try:
        return app.read()
    except (NotUsable, NotReadable, _compose_environment.NotReadable, _compose_yaml.NoYaml) as error:
        return {"app": app.described(problems=[app.told(f"{error}.")]), "routes": []}


class _Reader:
    """Reads one entry of compose_app_projects."""

    def __init__(self, entry: Mapping[str, Any], stack: Stack, reading: Callable[[str], str]) -> None:
        self.entry = entry
        self.stack = stack
        self.name = str(entry["name"])
        self.file = str(entry["compose_file"])
        self.beside = Beside(os.path.dirname(self.file), reading)
        self.secrets = {str(one["key"]): f"{self.name}_{str(one['key']).lower()}" for one in entry.get("secrets") or ()}

    def told(self, text: str) -> str:
        return f"{self.name}: {self.file}: {text}"

    def described(self, **more: Any) -> dict[str, Any]:
        """Return what the entry alone says, as far as every app has to say it."""
        names = list(self.entry["server_names"])
        return {
            "name": self.name,
            "title": self.entry.get("title") or self.name,
            "server_names": names,
            "certificate": self.entry.get("certificate") or (names or [""])[0],
            "containers": [],
            "volumes": [],
            "images": [],
            "secrets": [],
            "probes": [],
            **more,
        }

    def read(self) -> dict[str, Any]:
        if not os.path.isabs(self.file):
            raise NotUsable("expected an absolute path in compose_file, got another one. Begin it with {{ inventory_dir }}/")
        written = _compose_yaml.load(self.beside.read(os.path.basename(self.file)))
        lines = _compose_environment.read(self.beside.read(ENVIRONMENT)) if self.beside.exists(ENVIRONMENT) else []
        known = _compose_environment.values(lines)
        references = {key: reference(name) for key, name in self.secrets.items()}
        variables = Variables({**_compose_environment.values(lines, references, references), **references})
        filled = variables.fill(written)
        images = dict(self.entry.get("images") or {})
        faults = [*self._faults_of_entry(), *_compose_file.faults(filled, images)]
        faults += [
            f"expected a value of the variable {name}, got none, so that Compose would put nothing in its place. Give it one in the file "
            f".env beside the Compose file, or name it in secrets of this entry."
            for name in sorted(variables.missing)
        ]
        if faults:
            return {"app": self.described(problems=[self.told(fault) for fault in faults]), "routes": []}
        project = project_name(str(self.entry.get("project") or ""), filled, known, self.beside.directory)
        names = Names(self.name, project, self.stack, filled, written)
        routed = {str(route["service"]) for route in self.entry.get("routes") or ()}
        services = Services(names, self.beside, references, variables.values, boolean(self.entry.get("publish", False)))
        made = {
            names.service(key): services.service(
                key,
                written["services"][key],
                filled["services"][key],
                str(images.get(key) or filled["services"][key]["image"]),
                key in routed,
            )
            for key in filled["services"]
        }
        faults = [*services.faults, *self._faults_of_references(filled["services"])]
        databases = [one for wanted in self.entry.get("databases") or () for one in self._database(wanted, names, filled, faults)]
        secrets = [self._secret(one, names, {**known}, services.given, faults) for one in self.entry.get("secrets") or ()]
        files = [{"path": f"compose/{self.name}.yml", "content": self._compose(made, names, services), "private": False}, *services.files]
        needs_environment = bool(variables.values)
        if needs_environment:
            files.append(
                {"path": f"env/{self.name}.env", "content": _compose_environment.text(variables.values, self._prefix), "private": True}
            )
        routes = [
            {**ROUTE, **route, "upstream": f"http://{names.container(str(route['service']))}:{route['port']}"}
            for route in self.entry.get("routes") or ()
            if route["service"] in filled["services"]
        ]
        app = self.described(
            containers=[names.container(key) for key in filled["services"]],
            volumes=[names.volume_described(key) for key in services.volumes],
            unprefixed_volumes=[names.volume_described(key) for key in services.volumes if not names.volume_has_prefix(key)],
            databases=databases,
            images=list(dict.fromkeys(one["image"] for one in made.values())),
            secrets=secrets,
            probes=self._probes(),
            formats={
                "size": {f"{self.name}: body_size": [one["body_size"] for one in routes]},
                "port": {f"{self.name}: port of {one['path']}": one["port"] for one in routes},
                "name": {f"{self.name}: container_name": [names.container(key) for key in filled["services"]]},
            },
            files=files,
            environment_file=f"env/{self.name}.env" if needs_environment else "",
            notes=[self.told(note) for note in services.notes],
            problems=[self.told(fault) for fault in faults],
        )
        return {"app": app, "routes": routes}

    def _faults_of_entry(self) -> Iterator[str]:
        if not NAME.fullmatch(self.name):
            yield f"expected a name of lower-case letters, digits and _, got {self.name}."
        for key in self.secrets:
            if not KEY.fullmatch(key):
                yield f"secrets: expected the name of a variable, got {key}."
        seen: set[str] = set()
        for route in self.entry.get("routes") or ():
            path, timeout = str(route["path"]), str(route.get("read_timeout", ROUTE["read_timeout"]))
            if not LOCATION.fullmatch(path):
                yield f"routes: expected a path that begins with a slash and has letters, digits and ._~@+-/ alone, got {path}."
            if path in seen:
                yield f"routes: expected each path once, got {path} again."
            if not TIME.fullmatch(timeout):
                yield f"routes: expected a time as nginx writes it, such as 60s, got {timeout}."
            seen.add(path)

    def _faults_of_references(self, services: Mapping[str, Any]) -> Iterator[str]:
        known = ", ".join(services)
        named = [
            *(("routes", str(one["service"])) for one in self.entry.get("routes") or ()),
            *(("databases", str(one["service"])) for one in self.entry.get("databases") or ()),
            *(("secrets", str(one["database"])) for one in self.entry.get("secrets") or () if one.get("database")),
            *(("images", str(one)) for one in self.entry.get("images") or ()),
        ]
        for where, name in named:
            if name not in services:
                yield f"{where}: expected services of this file ({known}), got {name}."

    def _database(self, wanted: Mapping[str, Any], names: Names, filled: Mapping[str, Any], faults: list[str]) -> Iterator[dict[str, Any]]:
        key = str(wanted["service"])
        if key not in filled["services"]:
            return
        mounts = [_compose_mounts.mount(one) for one in filled["services"][key].get("volumes") or ()]
        volumes = [one.source for one in mounts if one.kind == "volume" and one.target.rstrip("/") in DATA]
        if not volumes:
            faults.append(
                f"services.{key}.volumes: expected a volume at {DATA[0]}, since this service has the database {wanted['name']}, got none. "
                "What is in an anonymous volume or a directory of the server is no part of a backup: move the data to a volume first."
            )
            return
        schema = {"schema_query": wanted["schema_query"]} if wanted.get("schema_query") else {}
        volume = names.volume_described(volumes[0])
        yield {"container": names.container(key), "name": wanted["name"], "user": wanted["user"], "volume": volume, **schema}

    def _secret(
        self, wanted: Mapping[str, Any], names: Names, known: Mapping[str, str], given: Mapping[str, set[str]], faults: list[str]
    ) -> dict[str, Any]:
        """Return a secret; what the owner's files give is given, since data may exist that only this value opens."""
        key = str(wanted["key"])
        found = {*given.get(key, ()), *([known[key]] if known.get(key) else [])}
        if len(found) > 1 and not wanted.get("value"):
            faults.append(
                f"secrets: expected one value of {key}, got {len(found)} that differ, in the file and in environment files beside it. Use "
                "variables of different names, or give the value in this entry."
            )
        value = str(wanted.get("value") or "") or next(iter(sorted(found)), "")
        more: dict[str, Any] = {name: int(wanted[name]) for name in ("length", "min_length") if name in wanted}
        database = str(wanted.get("database") or "")
        if database:
            more.update(fixed=True, database=names.container(database) if database in names.services else database)
        return {"name": self.secrets[key], "value": value, **more}

    def _probes(self) -> list[Any]:
        host = (list(self.entry["server_names"]) or [""])[0]
        usual = {"name": f"{self.entry.get('title') or self.name} front page", "url": f"https://{host}{self.stack.https_suffix}/"}
        return list(self.entry.get("probes") or [usual])

    def _compose(self, made: dict[str, Any], names: Names, services: Services) -> str:
        networks = {names.network(key): names.network_definition(key) for key in services.networks}
        volumes = {names.volume(key): names.volume_definition(key) for key in services.volumes}
        document = {
            "services": made,
            **({"volumes": volumes} if volumes else {}),
            "networks": {**networks, SHARED: {"name": self.stack.network, "external": True}},
        }
        return HEADER.format(os.path.basename(self.file)) + _compose_yaml.dump(renamed(document, self._prefix))

    @property
    def _prefix(self) -> str:
        """Return what its variables begin with: a .env in the project's directory, which Compose reads first, must not change them."""
        return f"{self.name}__"
