# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images of registries: which of them the server lacks or has an older one of, and pulling them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base.errors import PlatformError
from . import pulled as record

if TYPE_CHECKING:
    from docker import DockerClient

try:
    import docker.errors
    import docker.utils
    import requests
except ImportError:  # See _base.libraries.
    pass


ADVICE = (
    "Nothing that runs has been changed. Build or load the image on the server, or set the variable that names it (such as "
    "rarebooks_backend_image) to one that can be pulled, then deploy again."
)


FREE_SPACE = (
    "Free some space (`docker system df` shows what images use, and each backup keeps those of its release: lower stack_backup_keep or "
    "stack_backup_keep_days), then deploy again."
)
# What stays free on the engine's disk: a database that cannot write any more stops.
SPARE_BYTES = 512 << 20


class PullError(PlatformError):
    """Images that the server neither has nor can pull; the message names each with the registry's words."""


@dataclass
class Pulled:
    """What was pulled, or would be, and what is on the server without having come from a registry."""

    pulled: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)


def pull(client: DockerClient, names: list[str], newest: bool, check_mode: bool, directory: str = "") -> Pulled:
    """Pull what is missing, and with newest also what the registry has another one of. All are tried before one is refused.

    What comes is noted in a directory, so that it can go again when nothing uses it any more.
    """
    done, refused = Pulled(), []
    for name in names:
        try:
            before = find(client, name)
            if before and not newest:
                continue
            if before and not before["RepoDigests"]:
                done.local.append(name)
                continue
            if is_other(client, name, before, check_mode):
                done.pulled.append(name)
                if directory and not check_mode:
                    record.note(directory, name, find(client, name)["Id"])
        except (docker.errors.DockerException, requests.RequestException) as error:
            refused.append(f"Image {name}: expected it on the server or in a registry, got: {words(error)}")
    if refused:
        raise PullError("\n".join([*refused, ADVICE]))
    return done


def find(client: DockerClient, name: str) -> dict[str, Any]:
    """Return the image that a name stands for, nothing where it stands for none."""
    try:
        return dict(client.api.inspect_image(name))
    except docker.errors.ImageNotFound:
        return {}


def is_other(client: DockerClient, name: str, before: dict[str, Any], check_mode: bool) -> bool:
    """Pull, and say whether the name stands for another image now; in check mode, ask the registry whether it would."""
    if check_mode:
        digest = client.api.inspect_distribution(name)["Descriptor"]["digest"]
        return not any(known.endswith(f"@{digest}") for known in before.get("RepoDigests", []))
    repository, tag = docker.utils.parse_repository_tag(name)
    require_space(name, client.info()["DockerRootDir"], client.api.pull(repository, tag=tag or "latest", stream=True, decode=True))
    return bool(find(client, name).get("Id") != before.get("Id"))


def require_space(name: str, root: str, events: Iterable[dict[str, Any]]) -> None:
    """Follow a pull to its end, and give up before it fills the disk; the engine removes what has come of it.

    How large the layers are the registry says one by one, compressed. So the disk is asked as well, as long as they are unpacked.
    """
    coming: dict[str, int] = {}
    for event in events:
        if "error" in event:
            raise docker.errors.DockerException(event["error"])
        layer, progress = event.get("id", ""), event.get("progressDetail") or {}
        if event.get("status") == "Downloading":
            coming[layer] = max(progress.get("total", 0) - progress.get("current", 0), 0)
        elif event.get("status") == "Pull complete":
            coming.pop(layer, None)
        need, have = sum(coming.values()) + SPARE_BYTES, shutil.disk_usage(root).free
        if have < need:
            raise PullError(
                f"Image {name}: expected at least {need >> 20} MiB free in {root} while it is pulled, got {have >> 20} MiB. It would fill "
                f"the disk. Nothing that runs has been changed. {FREE_SPACE}"
            )


def words(error: Exception) -> str:
    """Return what the engine says of an error, without the address at which it was asked."""
    return str(getattr(error, "explanation", None) or error).strip().rstrip(".")
