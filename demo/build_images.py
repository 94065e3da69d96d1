"""Fetch or build every image the demo and the tests run; each only when what it is made of changed.

Usage: python -m demo.build_images

Official images are pulled. Where Docker Hub cannot be reached, Debian comes from mmdebstrap and the others from the
folders of demo/images, which stand in for them under the same names.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

import docker
from docker.errors import APIError, BuildError, ImageNotFound

from demo.common import ROOT, Failure, engine, execute, run
from demo.postgres_programs import CLIENTS, File, Programs

CONTENT_LABEL = "rarebooks.demo.content"
FROM = re.compile(r"^FROM\s+(?P<base>\S+)", re.MULTILINE)
KEEP_NO_PACKAGES = 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin"; };'
# As the official slim images: no documentation, no translations, no package files left behind, no syncing.
MMDEBSTRAP_OPTIONS = (
    "--quiet",
    "--variant=minbase",
    "--aptopt=Acquire::Languages none",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    f"""--customize-hook=echo '{KEEP_NO_PACKAGES}' > "$1"/etc/apt/apt.conf.d/docker-clean""",
)


@dataclass(frozen=True)
class Image:
    """An image built from a folder of this checkout; an official one is pulled where that is possible."""

    tag: str
    folder: str
    official: bool = False
    # What is to lie beside the files of the folder, and the arguments of the build.
    programs: Programs | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)


DEBIAN = ("bookworm", "trixie")
# Within a level no image builds on another.
LEVELS = (
    (
        Image("postgres:15", "demo/images/postgres", official=True),
        Image("nginx:stable-alpine", "demo/images/nginx", official=True),
        Image("rarebooks-demo-registry:1", "demo/images/registry"),
        Image("rarebooks-demo-server:1", "demo/images/server"),
        Image("rarebooks-demo-base:1", "demo/apps/base"),
    ),
    (
        Image("rarebooks_backend:latest", "demo/apps/rarebooks_backend"),
        Image("rarebooks_frontend:latest", "demo/apps/rarebooks_frontend"),
        Image("maymessenger_web_client:latest", "demo/apps/maymessenger_web_client"),
    ),
)


def later(major: int, programs: Programs, data: str, volume: str) -> Image:
    """Return the image of a PostgreSQL that Debian has no packages of."""
    arguments = {"MAJOR": str(major), "DATA": data, "VOLUME": volume}
    return Image(f"postgres:{major}", "demo/images/postgres_later", official=True, programs=programs, arguments=arguments)


# What few tests need, and is made when they do.
LATER = {
    16: later(16, Programs("16.14.0-beta.17", "pginstall"), "/var/lib/postgresql/data", "/var/lib/postgresql/data"),
    17: Image("postgres:17", "demo/images/postgres17", official=True),
    18: later(18, Programs("18.4.0-beta.17", "pginstall18"), "/var/lib/postgresql/18/docker", "/var/lib/postgresql"),
}


@dataclass
class Hub:
    """Docker Hub, asked through the engine, and not asked again once it did not answer."""

    client: docker.DockerClient
    reachable: bool = True
    lock: Lock = field(default_factory=Lock)

    def pull(self, tag: str) -> bool:
        """Pull an official image; False where Docker Hub cannot be reached."""
        with self.lock:
            if self.reachable:
                try:
                    self.client.images.pull(tag)
                except APIError as error:
                    print(f"  Docker Hub gives no images, making them here ({error.explanation or error})", flush=True)
                    self.reachable = False
            return self.reachable


def say(tag: str, text: str) -> None:
    print(f"  {tag:<26} {text}", flush=True)


def context(folder: Path, others: Iterable[File] = ()) -> bytes:
    """Pack a folder for the engine, and others beside its files: the same content gives the same bytes, whoever checked it out and when."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, program, content in (*files_of(folder), *others):
            entry = tarfile.TarInfo(name)
            entry.mode = 0o755 if program else 0o644
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def files_of(folder: Path) -> Iterator[File]:
    """Yield the files of a folder in their order, without what Python leaves there."""
    for path in sorted(folder.rglob("*")):
        if "__pycache__" not in path.parts and path.is_file():
            yield path.relative_to(folder).as_posix(), os.access(path, os.X_OK), path.read_bytes()


def content_digest(packed: bytes, others: Iterable[str]) -> str:
    """Name what an image is made of: its folder, and the images it starts from and what else is given to it."""
    parts = [hashlib.sha256(packed).hexdigest(), *others]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def labels_of(client: docker.DockerClient, tag: str) -> dict[str, str] | None:
    """Return an image's labels, or None where there is no such image."""
    try:
        return client.images.get(tag).labels or {}
    except ImageNotFound:
        return None


def bootstrap(client: docker.DockerClient, suite: str) -> None:
    """Make debian:<suite>-slim out of Debian's packages."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root.tar"
        execute(["mmdebstrap", *MMDEBSTRAP_OPTIONS, suite, str(root)], f"mmdebstrap could not make Debian {suite}")
        client.api.import_image(str(root), repository="debian", tag=f"{suite}-slim", changes=['CMD ["bash"]'])


def debian(client: docker.DockerClient, hub: Hub, suite: str) -> None:
    """Provide debian:<suite>-slim."""
    tag = f"debian:{suite}-slim"
    if labels_of(client, tag) is not None or hub.pull(tag):
        return
    with hub.lock:  # Two suites are made at once, and apt-get lets only one in.
        install_mmdebstrap(tag)
    bootstrap(client, suite)


def install_mmdebstrap(tag: str) -> None:
    """Have mmdebstrap, for an image that Docker Hub does not give."""
    if shutil.which("mmdebstrap") is not None:
        return
    if os.geteuid() != 0:
        raise Failure(f"{tag} can be neither pulled nor made here. As root: apt-get install mmdebstrap")
    install = "apt-get update -qq && apt-get install -qq -y --no-install-recommends mmdebstrap debian-archive-keyring"
    execute(["sh", "-c", install], f"mmdebstrap, to make {tag}, could not be installed")


def build(client: docker.DockerClient, hub: Hub, image: Image) -> None:
    """Provide one image: kept when its content is unchanged, else pulled or built."""
    present = labels_of(client, image.tag)
    if image.official and present is not None and CONTENT_LABEL not in present:
        return
    folder = ROOT / image.folder
    bases = FROM.findall((folder / "Dockerfile").read_text())
    packed = context(folder)
    given = [f"{name}={value}" for name, value in image.arguments.items()] + [f"{image.programs} {CLIENTS}"] * bool(image.programs)
    digest = content_digest(packed, [*(str(client.images.get(base).id) for base in bases), *given])
    if present is not None and present.get(CONTENT_LABEL) == digest:
        return
    if image.official and hub.pull(image.tag):
        return
    if image.programs:
        packed = context(folder, image.programs.files())
    labels, arguments = {CONTENT_LABEL: digest}, dict(image.arguments)
    try:
        client.images.build(fileobj=io.BytesIO(packed), custom_context=True, tag=image.tag, labels=labels, buildargs=arguments, rm=True)
    except BuildError as error:
        output = "".join(str(line.get("stream", "")) for line in error.build_log).splitlines()
        raise Failure("\n".join([f"{image.folder} does not build: {error.msg}", *output[-30:]])) from error


def image_id(client: docker.DockerClient, tag: str) -> str | None:
    """Return what a tag stands for, or None."""
    try:
        return client.images.get(tag).id
    except ImageNotFound:
        return None


def provide_all(client: docker.DockerClient, wanted: dict[str, Callable[[], None]]) -> None:
    """Provide images two at a time (a build is half waiting for packages, half unpacking them) and say what became of each."""

    def provide(tag: str) -> None:
        started = time.monotonic()
        before = image_id(client, tag)
        wanted[tag]()
        unchanged = image_id(client, tag) == before
        say(tag, "unchanged" if unchanged else f"ready after {time.monotonic() - started:.0f} s")

    with ThreadPoolExecutor(max_workers=2) as pool:
        for _done in pool.map(provide, wanted):
            pass


def provide_later(major: int) -> str:
    """Provide the image of a later PostgreSQL, and return its name; a test that needs it says so by calling this."""
    client = engine()
    build(client, Hub(client), LATER[major])
    return LATER[major].tag


def main() -> None:
    client = engine()
    hub = Hub(client)
    provide_all(client, {f"debian:{suite}-slim": partial(debian, client, hub, suite) for suite in DEBIAN})
    for level in LEVELS:
        provide_all(client, {image.tag: partial(build, client, hub, image) for image in level})


if __name__ == "__main__":
    run(main)
