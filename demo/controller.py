"""The image of a machine from which somebody deploys (controller/), where a build reaches no package index.

Usage: python -m demo.controller
"""

from __future__ import annotations

import platform
import shutil
import sys
from functools import partial
from pathlib import Path

from demo.build_images import Hub, Image, build, debian, provide_all
from demo.common import BUILD, ROOT, engine, execute, run

RECIPE = ROOT / "controller"
COMMUNITY = ROOT / "collections/ansible_collections/community"
FOLDER = BUILD / "controller"
OFFLINE = FOLDER / "build/offline"
IMAGE = Image("rarebooks-demo-controller:1", FOLDER.relative_to(ROOT).as_posix())
SUITE, PYTHON = "trixie", "3.13"
# Oldest first, as wheels name the C library that they need at least.
PLATFORMS = ("manylinux2014", "manylinux_2_28", "manylinux_2_34")


def download(requirements: Path, wheels: Path) -> None:
    """Lay wheels for the image's Python beside its recipe; pip here knows where packages come from, a build does not."""
    options = [option for name in PLATFORMS for option in ("--platform", f"{name}_{platform.machine()}")]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--python-version", PYTHON, *options]
    argv = [*pip, "--dest", str(wheels), "--requirement", str(requirements)]
    execute(argv, f"pip cannot download what {requirements} names")


def lay_project(folder: Path) -> None:
    """Lay all that belongs to the project into a folder, as somebody has it who downloaded it."""
    argv = ["git", "-C", str(ROOT), "checkout-index", "--all", f"--prefix={folder}/"]
    execute(argv, "git cannot write the project's files, which a checkout of it has")


def main() -> None:
    client = engine()
    hub = Hub(client)
    shutil.rmtree(FOLDER, ignore_errors=True)
    lay_project(FOLDER)
    shutil.copy(RECIPE / "Dockerfile", FOLDER)
    download(RECIPE / "requirements.txt", OFFLINE / "wheels")
    shutil.copytree(COMMUNITY.resolve(), OFFLINE / "community")
    debian(client, hub, SUITE)
    provide_all(client, {IMAGE.tag: partial(build, client, hub, IMAGE)})


if __name__ == "__main__":
    run(main)
