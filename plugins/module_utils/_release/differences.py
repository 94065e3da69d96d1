# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a container made by hand has and its service in a release does not give it.

Each difference is one line that names it, KIND CONTAINER WHAT, with which an operator decides about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._base import secret_store

# Docker names volumes so for which an image asks and nobody has a name.
ANONYMOUS = re.compile(r"^[0-9a-f]{64}$")


def differences(
    name: str, inspected: Mapping[str, Any], image: Mapping[str, Any], service: Mapping[str, Any], volumes: Mapping[str, str]
) -> list[str]:
    """Return the environment, mounts and command that the service does not give. What the image gives is no difference.

    Image is the configuration of the container's image, volumes the names that the engine has for those of the service.
    """
    return [
        *(f"environment {name} {key}" for key in _environment(inspected, image, service)),
        *_mounts(name, inspected, service, volumes),
        *(f"{word} {name}" for word in _command(inspected["Config"], image, service)),
    ]


def _environment(inspected: Mapping[str, Any], image: Mapping[str, Any], service: Mapping[str, Any]) -> list[str]:
    own = pairs(inspected["Config"].get("Env") or [])
    given = {**pairs(image.get("Env") or []), **{key: str(value or "") for key, value in (service.get("environment") or {}).items()}}
    return [key for key, value in sorted(own.items()) if key not in given or not same(value, given[key])]


def _mounts(name: str, inspected: Mapping[str, Any], service: Mapping[str, Any], volumes: Mapping[str, str]) -> Iterable[str]:
    mounted = {str(one["target"]): volumes.get(str(one.get("source", "")), "") for one in service.get("volumes") or []}
    for mount in sorted(inspected["Mounts"], key=lambda one: str(one["Destination"])):
        place, volume = str(mount["Destination"]), str(mount.get("Name", ""))
        other = mounted.get(place, "")
        # An anonymous volume Compose takes along, unless the service has a volume of its own there; so a new one would hide what is in it.
        if mount["Type"] == "volume" and other != volume and (other or not ANONYMOUS.match(volume)):
            yield f"volume {volume}"
        elif mount["Type"] == "bind" and (place not in mounted or other):
            yield f"mount {name} {place}"


def _command(config: Mapping[str, Any], image: Mapping[str, Any], service: Mapping[str, Any]) -> list[str]:
    """Return which of entrypoint and command differ; an entrypoint of the service takes the image's command away."""
    entrypoint, command = service.get("entrypoint"), service.get("command")
    wanted = {
        "Entrypoint": image.get("Entrypoint") if entrypoint is None else entrypoint,
        "Cmd": (image.get("Cmd") if entrypoint is None else []) if command is None else command,
    }
    words = {"Entrypoint": "entrypoint", "Cmd": "command"}
    return [words[key] for key, value in wanted.items() if list(config.get(key) or []) != list(value or [])]


def pairs(lines: Iterable[str]) -> dict[str, str]:
    """Return the environment that the engine shows as lines."""
    return {key: value for key, _equals, value in (line.partition("=") for line in lines)}


def same(got: str, wanted: str) -> bool:
    """Say whether two values mean the same. Those of a connection string may be quoted, and stand in any order.

    A reference to a secret that the server does not have yet, as a preview has it, stands for any text.
    """
    if secret_store.fits(got, wanted):
        return True
    ours, theirs = fields(wanted), fields(got)
    return len(ours) > 1 and ours.keys() == theirs.keys() and all(secret_store.fits(theirs[key], value) for key, value in ours.items())


def fields(value: str) -> dict[str, str]:
    """Return the parts of a connection string."""
    parts = (part.partition("=") for part in value.split(";") if "=" in part)
    return {key.strip().lower(): text.strip().strip("'\"") for key, _equals, text in parts}
