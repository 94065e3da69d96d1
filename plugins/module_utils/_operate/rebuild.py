# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Building the image of an app anew from the source that it was built from, without what the builder remembers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._engine.containers import OWNER_LABEL, SOURCE_LABEL
from .._release.description import App, Release
from .._source import on_server

if TYPE_CHECKING:
    from docker import DockerClient

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

LAST_LINES = 20


class BuildError(PlatformError):
    """The image could not be built; what runs is as it was."""


@dataclass(frozen=True)
class Build:
    """An image that a deploy built on this server."""

    service: str
    container: str
    image: str
    context: str
    digest: str


def builds(release: Release, app: App, services: Mapping[str, Mapping[str, Any]], containers: tuple[str, ...]) -> list[Build]:
    """Return the images of these containers that are built here, or say that there are none."""
    found = []
    for name in containers:
        service = services.get(name, {})
        context = (service.get("build") or {}).get("context")
        if context:
            found.append(Build(str(service["service"]), name, str(service["image"]), str(context), release.sources.get(app.name, "")))
    if not found:
        images = sorted({str(services[one]["image"]) for one in containers if one in services})
        raise BuildError(
            f"{app.title or app.name}: expected an image that is built on the server, got {' and '.join(images) or '(none)'}, made "
            "elsewhere. Nothing has been changed. To ask the registry for newer ones: ansible-playbook deploy.yml -e stack_pull=true"
        )
    return found


def check(build: Build) -> None:
    """Refuse a source that is not the one which the release was built from."""
    found = str(on_server.look([build.context])[build.context]["digest"])
    if build.digest and found != build.digest:
        raise BuildError(
            f"{build.context}: expected the source that the live release was built from ({build.digest[:12]}), got "
            f"{(found or 'none')[:12]}: it was edited on the server. Nothing has been changed. Deploy the source that is wanted, which "
            "builds it."
        )


def build_anew(run_command: RunCommand, project: str, build: Build) -> None:
    """Build an image under the name that the release has for it."""
    labels = {OWNER_LABEL: project, SOURCE_LABEL: build.digest}
    argv = ["docker", "build", "--no-cache", "--tag", build.image]
    for label, value in labels.items():
        argv += ["--label", f"{label}={value}"]
    # The engine's own: an image that another builder makes stays with that builder.
    code, output, errors = run_command([*argv, build.context], environ_update={"BUILDX_BUILDER": "default"}, errors="replace")
    if code:
        lines = [line.rstrip() for line in (errors or output).splitlines() if line.strip()][-LAST_LINES:]
        raise BuildError(
            "\n".join(
                [
                    f"Image {build.image}: expected its build from {build.context} to succeed, got exit code {code}. What runs is as it "
                    "was. Mend the source (on your machine, not there), then deploy. The build's last lines:",
                    *(f"  | {line}" for line in lines),
                ]
            )
        )


def image_id(client: DockerClient, name: str) -> str:
    """Return what a name stands for, nothing where it stands for nothing."""
    try:
        return str(client.api.inspect_image(name)["Id"])
    except docker.errors.ImageNotFound:
        return ""


def name_again(client: DockerClient, build: Build, identifier: str) -> None:
    """Have a name stand for an image again."""
    repository, _colon, tag = build.image.rpartition(":")
    client.api.tag(identifier, repository, tag)
