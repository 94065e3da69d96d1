# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A second nginx beside the running one, for as long as it is asked: with the release's configuration, and published nowhere."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.files import make_directory
from .engine import ask

# By which a candidate is found that a killed run left.
LABEL = "rarebooks.platform.candidate"
NGINX = "/etc/nginx"
# Files that somebody put beside ours; more than that is no configuration.
LARGEST_FILE = 1024 * 1024
_READY_SECONDS = 15
_POLL_SECONDS = 0.1


class CandidateError(PlatformError):
    """There is no candidate to ask."""


def running(run_command: RunCommand, container: str) -> dict[str, Any]:
    """Return the running proxy as the engine shows it."""
    inspected = _inspect(run_command, container)
    status = inspected["State"]["Status"]
    if status != "running":
        raise CandidateError(f"Container {container}: expected it running, got {status}. `docker logs {container}` says why.")
    return inspected


def address(inspected: Mapping[str, Any], what: str) -> str:
    """Return the address of a container on one of its networks, where this server reaches it."""
    networks = inspected["NetworkSettings"]["Networks"]
    found = next((one["IPAddress"] for one in networks.values() if one["IPAddress"]), "")
    if not found:
        raise CandidateError(
            f"Container {what}: expected an address on a bridge network, got the networks {', '.join(networks) or '(none)'} without one. "
            "A proxy that shares the server's own network cannot be compared with a second one beside it."
        )
    return str(found)


@contextmanager
def started(
    run_command: RunCommand, image: str, networks: Sequence[str], tree: str, mounts: Mapping[str, str], seconds: int
) -> Iterator[dict[str, Any]]:
    """Start a candidate that has a tree as its configuration, and remove it afterwards, whatever happens.

    One whose run is killed ends by itself after so many seconds.
    """
    remove_leftovers(run_command)
    binds = [f"type=bind,source={tree},target={NGINX},readonly"]
    binds += [f"type=bind,source={source},target={target},readonly" for target, source in mounts.items() if os.path.exists(source)]
    argv = [
        "docker",
        "create",
        "--label",
        LABEL,
        "--network",
        networks[0],
        "--pull",
        "never",
        "--log-opt",
        "max-size=1m",
        "--restart",
        "no",
    ]
    argv += [word for bind in binds for word in ("--mount", bind)]
    # The image's own entry point would change its configuration.
    argv += ["--entrypoint", "timeout", image, str(seconds), "nginx", "-g", "daemon off;"]
    identifier = _run(run_command, argv, "The candidate of the proxy cannot be created").strip()
    try:
        for network in networks[1:]:
            _run(
                run_command,
                ["docker", "network", "connect", network, identifier],
                f"The candidate of the proxy cannot join the network {network}",
            )
        _run(run_command, ["docker", "start", identifier], "The candidate of the proxy cannot be started")
        yield _ready(run_command, identifier)
    finally:
        ask(run_command, "docker", "rm", "--force", "--volumes", identifier)


def remove_leftovers(run_command: RunCommand) -> None:
    """Remove candidates that ended, or that nobody removed: a module call has the engine's candidates to itself."""
    _code, listed, _error = ask(run_command, "docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}")
    for identifier in listed.split():
        ask(run_command, "docker", "rm", "--force", "--volumes", identifier)


def _ready(run_command: RunCommand, identifier: str) -> dict[str, Any]:
    """Return the candidate once it accepts connections."""
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        inspected = _inspect(run_command, identifier)
        if inspected["State"]["Status"] != "running":
            raise CandidateError(f"nginx refuses the configuration of the release: {_log(run_command, identifier)}")
        try:
            socket.create_connection((address(inspected, "of the candidate"), 80), 1).close()
        except OSError:
            time.sleep(_POLL_SECONDS)
        else:
            return inspected
    raise CandidateError(
        f"The candidate of the proxy: expected it to accept connections on port 80 within {_READY_SECONDS} s, got none. "
        f"Its log: {_log(run_command, identifier)}"
    )


def _log(run_command: RunCommand, identifier: str) -> str:
    _code, output, error = ask(run_command, "docker", "logs", "--tail", "20", identifier)
    return (output + error).strip() or "it wrote none"


def _inspect(run_command: RunCommand, container: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(
        _run(run_command, ["docker", "container", "inspect", container], f"Container {container} cannot be inspected")
    )
    return found[0]


def _run(run_command: RunCommand, argv: list[str], failure: str) -> str:
    code, output, error = ask(run_command, *argv)
    if code != 0:
        raise CandidateError(f"{failure}. Docker answers: {(error or output).strip()}", cmd=argv, rc=code, stderr=error)
    return output


@contextmanager
def tree(files: Mapping[str, str], beside: str | None, scratch: str) -> Iterator[str]:
    """Write a release's configuration to a directory of its own, together with what somebody put beside the live one."""
    with tempfile.TemporaryDirectory(dir=scratch) as own:
        # In it, since nginx's workers, who are not root, read files such as lists of passwords.
        directory = os.path.join(own, "nginx")
        make_directory(directory)
        if beside:
            _copy_foreign(os.path.join(beside, "nginx"), directory)
        for path, text in files.items():
            target = os.path.join(directory, path)
            make_directory(os.path.dirname(target))
            with open(target, "w", encoding="utf-8") as file:
                file.write(text)
        yield directory


def _copy_foreign(source: str, target: str) -> None:
    """Copy files that the release may leave in place; those in sites would be read, so that only what it lists is."""
    for name in os.listdir(source) if os.path.isdir(source) else []:
        path = os.path.join(source, name)
        if os.path.isfile(path) and os.path.getsize(path) <= LARGEST_FILE and not name.endswith(".conf"):
            shutil.copy(path, os.path.join(target, name))
