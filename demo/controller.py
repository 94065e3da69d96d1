"""The image of a machine from which somebody deploys, with the newest ansible-core and Debian's Python.

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

RECIPE = ROOT / "demo/images/controller"
FOLDER = BUILD / "controller"
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


def main() -> None:
    client = engine()
    hub = Hub(client)
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(RECIPE, FOLDER)
    download(FOLDER / "requirements.txt", FOLDER / "wheels")
    debian(client, hub, SUITE)
    provide_all(client, {IMAGE.tag: partial(build, client, hub, IMAGE)})


if __name__ == "__main__":
    run(main)
