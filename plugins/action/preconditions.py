# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validates a server and an inventory on the controller; see the module of the same name for its documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.vault import is_encrypted
from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.module_utils._source.entries import Limits
from ansible_collections.rarebooks.platform.plugins.module_utils._source.local import inspect_source
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import ArchiveError
from ansible_collections.rarebooks.platform.plugins.plugin_utils import (
    _adopted_sites,
    _app_faults,
    _certificate_files,
    _collisions,
    _commands,
    _engine_preconditions,
    _foreign_containers,
    _formats,
    _letsencrypt,
    _lost_data,
    _preconditions,
    _trusted_proxies,
)

ARGUMENTS = {
    "server": {"type": "dict", "required": True},
    "apps": {"type": "list", "elements": "dict", "required": True},
    "project": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "systems": {"type": "dict", "required": True},
    "min_disk": {"type": "int", "default": 5120},
    "min_memory": {"type": "int", "default": 900},
    "ports": {"type": "list", "elements": "int", "default": [80, 443]},
    "proxy_containers": {"type": "list", "elements": "str", "default": []},
    "network": {"type": "str", "default": ""},
    "daemon_options": {"type": "dict", "default": {}},
    "trusted_proxies": {"type": "list", "elements": "str", "default": []},
    "adopted_sites": {"type": "str", "default": ""},
    "allow_foreign_volumes": {"type": "bool", "default": False},
    "allow_empty_volumes": {"type": "bool", "default": False},
    "provided_certificates": {"type": "dict", "default": None},
    "existing_certificates": {"type": "dict", "default": {}},
    "letsencrypt": {"type": "dict", "default": None},
    "formats": {"type": "dict", "default": {}},
}

UNDECRYPTED = (
    "expected files that can be decrypted, got one that ansible-vault has encrypted: {error} Run again with "
    "--vault-password-file or --ask-vault-pass."
)


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller alone: all it needs from the server has been read."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        server = arguments["server"]
        apps, problems = _described(arguments["apps"])
        hosts = [name for app in apps for name in app.server_names]
        problems += [
            *_preconditions.system(server["os"], arguments["systems"]),
            *_preconditions.resources(server, arguments["path"], arguments["min_disk"], arguments["min_memory"]),
            *_preconditions.engine(server, arguments["path"], arguments["project"]),
            *_preconditions.ports(server, arguments["ports"], arguments["project"]),
            *_trusted_proxies.problems(arguments["trusted_proxies"]),
            *_adopted_sites.problems(arguments["adopted_sites"], apps),
            *_formats.problems(arguments["formats"]),
            *_formats.app_problems(apps),
            *(
                _preconditions.daemon_config(server["daemon_config"])
                or _engine_preconditions.configuration(server, arguments["daemon_options"])
            ),
            *_engine_preconditions.command(server["engine"]),
            *_engine_preconditions.library(server["docker_library"]),
            *_preconditions.choices(apps),
            *_collisions.problems(apps, arguments["proxy_containers"], arguments["project"]),
            *_preconditions.server_names(apps),
            *_preconditions.secrets([secret for app in apps for secret in app.secrets]),
        ]
        problems += self._containers(server["containers"], apps, arguments)
        if not arguments["allow_foreign_volumes"]:
            problems += _preconditions.volumes(server["volumes"], apps, arguments["project"])
        if not arguments["allow_empty_volumes"]:
            problems += _lost_data.problems(server["lost_data"])
        if arguments["provided_certificates"] is not None:
            problems += self._certificates(arguments["provided_certificates"], apps)
        problems += arguments["existing_certificates"].get("problems", [])
        if arguments["letsencrypt"] is not None and apps:
            problems += _letsencrypt.problems(arguments["letsencrypt"], apps, self._contains)
        digests, source_problems, warnings = self._sources(apps, server.get("sources") or {}, arguments["path"])
        problems += source_problems
        problems = [_commands.replaced(problem) for problem in problems]
        warnings = _preconditions.resolution(server, hosts) + warnings
        result.update(changed=False, sources=digests, warnings=warnings)
        if problems:
            listed = "\n".join(f"- {problem}" for problem in problems)
            result.update(failed=True, msg=f"Nothing has been changed. Before a deploy can start:\n{listed}")
        return result

    def _containers(self, found: list[dict[str, Any]], apps: Sequence[App], arguments: dict[str, Any]) -> list[str]:
        project = arguments["project"]
        wanted = [*arguments["proxy_containers"], *(name for app in apps for name in app.containers)]
        databases = [database.container for app in apps for database in app.databases]
        return [
            *_foreign_containers.names(found, wanted, project),
            *_foreign_containers.aliases(found, wanted, databases, project, arguments["network"]),
        ]

    def _certificates(self, provided: dict[str, dict[str, str]], apps: Sequence[App]) -> list[str]:
        problems = []
        for name in sorted({app.certificate for app in apps}):
            hosts = [host for app in apps if app.certificate == name for host in app.server_names]
            files = provided.get(name)
            if not files or not files.get("certificate") or not files.get("key"):
                problems.append(f"Certificate {name}: expected certificate and key in certificates_provided, got none.")
                continue
            now, read = _certificate_files.utc_now(), self._read
            try:
                problems += _certificate_files.problems(name, files["certificate"], files["key"], hosts, now, read)
            except AnsibleError as error:
                problems.append(f"Certificate {name}: {UNDECRYPTED.format(error=error)}")
        return problems

    def _contains(self, path: str, text: str) -> bool:
        """Say whether a file has a text in it; of one that cannot be decrypted, the task that sends it will say so."""
        try:
            return text.encode() in self._read(path)
        except AnsibleError:
            return True

    def _read(self, path: str) -> bytes:
        """Return a file's content, decrypted where ansible-vault has encrypted it."""
        data = Path(path).read_bytes()
        if not is_encrypted(data):
            return data
        return str(self._loader.get_text_file_contents(path)).encode(errors="surrogateescape")

    def _sources(self, apps: Sequence[App], there: dict[str, dict[str, Any]], path: str) -> tuple[dict[str, str], list[str], list[str]]:
        """Return the digest of each source by its app, what is wrong with sources or their places, and warnings."""
        digests, problems, warnings = {}, [], []
        for app, source in ((app, app.source) for app in apps if app.source):
            limits = Limits(source.max_entries, source.max_size, source.max_ratio)
            try:
                archive = inspect_source(source.src, source.checksum or None, source.required, limits)
            except ArchiveError as error:
                problems.append(f"{app.title} backend source: {error}")
            else:
                digests[app.name] = archive.digest
                warnings += _preconditions.windows_scripts(f"{app.title} backend source {source.src}", archive.windows_scripts)
            obstacle = there.get(f"{path}/{source.dest}", {}).get("error")
            if obstacle:
                problems.append(f"{app.title} backend source: {obstacle}")
        return digests, problems, warnings


def _described(descriptions: list[Any]) -> tuple[list[App], list[str]]:
    """Return the apps, none of them where any is described wrongly, and what is wrong."""
    read = [_app_faults.read(f"apps[{number}]", one) for number, one in enumerate(descriptions)]
    faults = [fault for _app, found in read for fault in found]
    return [] if faults else [app for app, _found in read if app], faults
