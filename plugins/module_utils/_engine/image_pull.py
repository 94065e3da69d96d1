# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images of registries: which of them the server lacks or has an older one of, and pulling them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base.errors import PlatformError

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


class PullError(PlatformError):
    """Images that the server neither has nor can pull; the message names each with the registry's words."""


@dataclass
class Pulled:
    """What was pulled, or would be, and what is on the server without having come from a registry."""

    pulled: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)


def pull(client: DockerClient, names: list[str], newest: bool, check_mode: bool) -> Pulled:
    """Pull what is missing, and with newest also what the registry has another one of. All are tried before one is refused."""
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
    for event in client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
        if "error" in event:
            raise docker.errors.DockerException(event["error"])
    return bool(find(client, name).get("Id") != before.get("Id"))


def words(error: Exception) -> str:
    """Return what the engine says of an error, without the address at which it was asked."""
    return str(getattr(error, "explanation", None) or error).strip().rstrip(".")
