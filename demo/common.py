"""What every tool of the demo shares: the engine, the names, and how a failure is told."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import docker
from docker.errors import DockerException

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
NETWORK = "rarebooks-demo"
# On everything the demo makes: what lacks it belongs to somebody else and is never changed.
LABEL = "rarebooks.demo"
SECONDS_PER_CALL = 600


class Failure(Exception):
    """What went wrong and what to do next, for a person."""


def engine() -> docker.DockerClient:
    """Return a client that has agreed on an API version with the running engine."""
    try:
        client = docker.from_env(timeout=SECONDS_PER_CALL)
        client.ping()
    except DockerException as error:
        raise Failure(f"No Docker engine answers ({error}). Start one with: demo/engine.sh start") from error
    return client


def owned(labels: dict[str, str], what: str) -> None:
    """Refuse to touch a thing that carries our name and that we did not make."""
    if LABEL not in labels:
        raise Failure(f"{what} exists, but this project did not make it (label {LABEL} missing). Rename or remove it.")


def text(output: object) -> str:
    """Return what a container wrote."""
    return output.decode(errors="replace").strip() if isinstance(output, bytes) else ""


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Failure(f"Waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.1)


def execute(argv: Sequence[str], failure: str) -> None:
    """Run a program of this machine; where it fails, the failure is told with the program's own words."""
    done = subprocess.run(argv, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise Failure(f"{failure}:\n{done.stderr.strip()}")


def run(main: Callable[[], None]) -> None:
    """Run a tool: a failure becomes one line on stderr and exit code 1."""
    try:
        main()
    except (Failure, DockerException) as error:
        sys.exit(f"ERROR: {error}")
