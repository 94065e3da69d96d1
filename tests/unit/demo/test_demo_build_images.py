"""What an image is made of decides whether it is built again: nothing else may."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from docker.errors import APIError, ImageNotFound

from demo.build_images import CONTENT_LABEL, FROM, LEVELS, Hub, Image, build, content_digest, context
from demo.common import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM debian:trixie-slim\n")
    (tmp_path / "app" / "main.py").write_text("print(1)\n")
    return tmp_path


def test_context_ignores_who_checked_out_and_when(folder: Path) -> None:
    before = context(folder)
    os.utime(folder / "Dockerfile", (1, 1))
    (folder / "Dockerfile").chmod(0o600)
    (folder / "app" / "__pycache__").mkdir()
    (folder / "app" / "__pycache__" / "main.pyc").write_bytes(b"x")
    assert context(folder) == before


@pytest.mark.parametrize("change", ["content", "name", "executable"])
def test_context_follows_what_an_image_would_hold(folder: Path, change: str) -> None:
    before = context(folder)
    main = folder / "app" / "main.py"
    if change == "content":
        main.write_text("print(2)\n")
    elif change == "name":
        main.rename(folder / "app" / "other.py")
    else:
        main.chmod(0o755)
    assert context(folder) != before


def test_digest_follows_the_base() -> None:
    assert content_digest(b"x", ["sha256:a"]) != content_digest(b"x", ["sha256:b"])
    assert content_digest(b"x", ["sha256:a"]) == content_digest(b"x", ["sha256:a"])


def test_every_folder_builds_on_an_earlier_level() -> None:
    known = {"debian:bookworm-slim", "debian:trixie-slim"}
    for level in LEVELS:
        for image in level:
            assert set(FROM.findall((ROOT / image.folder / "Dockerfile").read_text())) <= known, image.folder
        known |= {image.tag for image in level}


class FakeImage:
    def __init__(self, labels: dict[str, str] | None = None) -> None:
        self.id = "sha256:base"
        self.labels = labels or {}


class FakeImages:
    """An engine's images: what is there, what was pulled and what was built."""

    def __init__(self, present: dict[str, FakeImage], hub: bool) -> None:
        self.present, self.hub = present, hub
        self.pulled: list[str] = []
        self.built: list[str] = []

    def get(self, tag: str) -> FakeImage:
        if tag not in self.present:
            raise ImageNotFound(tag)
        return self.present[tag]

    def pull(self, tag: str) -> None:
        self.pulled.append(tag)
        if not self.hub:
            raise APIError("no such host")
        self.present[tag] = FakeImage()

    def build(self, tag: str, labels: dict[str, str], **_: object) -> None:
        self.built.append(tag)
        self.present[tag] = FakeImage(labels)


class FakeEngine:
    def __init__(self, present: dict[str, FakeImage] | None = None, hub: bool = True) -> None:
        self.images = FakeImages({"debian:trixie-slim": FakeImage(), **(present or {})}, hub)


NGINX = Image("nginx:stable-alpine", "demo/images/nginx", official=True)
REGISTRY = Image("rarebooks-demo-registry:1", "demo/images/registry")


@pytest.mark.parametrize(
    ("image", "present", "hub", "pulled", "built"),
    [
        (NGINX, {}, True, [NGINX.tag], []),
        (NGINX, {}, False, [NGINX.tag], [NGINX.tag]),
        (NGINX, {NGINX.tag: FakeImage()}, True, [], []),
        (NGINX, {NGINX.tag: FakeImage({CONTENT_LABEL: "old"})}, False, [NGINX.tag], [NGINX.tag]),
        (REGISTRY, {}, True, [], [REGISTRY.tag]),
        (REGISTRY, {REGISTRY.tag: FakeImage({CONTENT_LABEL: "old"})}, True, [], [REGISTRY.tag]),
    ],
    ids=["pulled", "no hub", "official kept", "own one changed", "own", "changed"],
)
def test_build(image: Image, present: dict[str, FakeImage], hub: bool, pulled: list[str], built: list[str]) -> None:
    engine = FakeEngine(present, hub)
    build(engine, Hub(engine), image)  # type: ignore[arg-type]
    assert (engine.images.pulled, engine.images.built) == (pulled, built)


def test_a_second_build_does_nothing_and_an_absent_hub_is_asked_once() -> None:
    engine = FakeEngine(hub=False)
    hub = Hub(engine)  # type: ignore[arg-type]
    build(engine, hub, NGINX)  # type: ignore[arg-type]
    build(engine, hub, NGINX)  # type: ignore[arg-type]
    assert not hub.pull("postgres:15")
    assert (engine.images.pulled, engine.images.built) == ([NGINX.tag], [NGINX.tag])
