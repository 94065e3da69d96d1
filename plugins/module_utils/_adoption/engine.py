# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks Docker's command line, and reads the answers; the SDK may be missing on a server that was set up by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from .._base.command import RunCommand
from .._engine.containers import ONE_OFF_LABEL, SERVICE_LABEL
from .._server.containers import DIRECTORY, PROJECT

FILES = "com.docker.compose.project.config_files"


def ask(run_command: RunCommand, *argv: str) -> tuple[int, str, str]:
    """Run a program; one that does not exist fails like one that refuses."""
    try:
        return run_command(list(argv), handle_exceptions=False)
    except OSError as error:
        return 127, "", str(error)


def inspect(run_command: RunCommand) -> list[dict[str, Any]]:
    """Return every container of the server as the engine shows it, by name, without those of ``docker compose run``."""
    _code, listed, _error = ask(run_command, "docker", "ps", "--all", "--quiet", "--no-trunc")
    found = _shown(run_command, "container", listed.split())
    return sorted((one for one in found if labels(one).get(ONE_OFF_LABEL, "False") != "True"), key=lambda one: str(one["Name"]))


def images(run_command: RunCommand, containers: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the images of containers by id, without those that somebody has removed."""
    return {str(one["Id"]): one for one in _shown(run_command, "image", sorted({str(one["Image"]) for one in containers}))}


def _shown(run_command: RunCommand, kind: str, identifiers: Sequence[str]) -> list[dict[str, Any]]:
    if not identifiers:
        return []
    # What goes meanwhile is complained of, the others are shown.
    _code, output, _error = ask(run_command, "docker", kind, "inspect", *identifiers)
    shown: list[dict[str, Any]] = json.loads(output or "[]")
    return shown


def name_of(container: Mapping[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def labels(container: Mapping[str, Any]) -> dict[str, str]:
    return container["Config"].get("Labels") or {}


def project_of(container: Mapping[str, Any]) -> str:
    return labels(container).get(PROJECT, "")


def service_of(container: Mapping[str, Any]) -> str:
    return labels(container).get(SERVICE_LABEL, "")


def moment(text: str) -> float:
    """Return a time as the engine writes it, as seconds since the epoch; it has more digits than Python of a server reads."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()


def places(containers: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the directories in which a project's containers were made, and the Compose files."""
    said = [labels(one) for one in containers]
    files = {file for one in said for file in one.get(FILES, "").split(",")}
    return sorted({one.get(DIRECTORY, "") for one in said} - {""}), sorted(files - {""})


def aliases(container: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names by which each network knows a container; its id is one of them and nobody's."""
    networks = container["NetworkSettings"].get("Networks") or {}
    return {
        name: sorted({*(one.get("Aliases") or []), *(one.get("DNSNames") or [])} - {str(container["Id"])[:12]})
        for name, one in networks.items()
    }


def ports(container: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what a container is made to publish, also where it does not run."""
    bindings = container["HostConfig"].get("PortBindings") or {}
    return [
        {"address": one.get("HostIp") or "", "port": str(one.get("HostPort") or ""), "inner": inner}
        for inner, some in sorted(bindings.items())
        for one in some or []
    ]


def mounts(container: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return volumes and directories that are mounted, by where."""
    found = [
        {
            "type": one["Type"],
            "source": one.get("Name") if one["Type"] == "volume" else one["Source"],
            "destination": one["Destination"],
            "writable": bool(one.get("RW")),
        }
        for one in container.get("Mounts") or []
        if one["Type"] in ("volume", "bind")
    ]
    return sorted(found, key=lambda one: str(one["destination"]))
