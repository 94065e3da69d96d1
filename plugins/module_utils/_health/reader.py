# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads containers through the Docker SDK for Python."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

from .._engine.client import DockerUnavailable, connect

try:
    import docker.errors
    import requests
except ImportError:  # See _base.libraries.
    pass

# Colours and carriage returns of applications that believe they write to a terminal.
TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")


class DockerReader:
    """One connection to the engine of this server; safe to use from several threads."""

    def __init__(self, timeout: int) -> None:
        self._api = connect(timeout).api

    def inspect(self, name: str) -> dict[str, Any] | None:
        """Return what the engine knows about a container, None where there is none of that name."""
        try:
            inspected: dict[str, Any] = self._api.inspect_container(name)
        except docker.errors.NotFound:
            return None
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise DockerUnavailable(str(error)) from error
        return inspected

    def logs(self, name: str, lines: int, since: float = 0) -> str:
        """Return the last lines a container wrote to its standard output and error, since a time in seconds since 1970."""
        try:
            # A container that was started again still has the log of its earlier runs.
            output: bytes = self._api.logs(name, stdout=True, stderr=True, tail=lines, since=int(since) or None)
        except docker.errors.NotFound:
            return ""
        except (docker.errors.DockerException, requests.RequestException) as error:
            return f"(the log cannot be read: {error})"
        return plain(output)

    def run(self, name: str, argv: Sequence[str], seconds: float) -> tuple[bool, str]:
        """Run a command in a container as its health check is run; return whether it succeeded, and what it said."""
        said: list[str] = []
        try:
            identifier = self._api.exec_create(name, list(argv))["Id"]
            # The library has no timeout for this; what hangs is ended, and its thread with it.
            thread = Thread(target=lambda: said.append(self._output(identifier)), daemon=True)
            thread.start()
            thread.join(seconds)
            state = self._api.exec_inspect(identifier)
        except (docker.errors.DockerException, requests.RequestException) as error:
            return False, str(error)
        if thread.is_alive():
            with suppress(OSError):
                os.kill(state["Pid"] or 0, signal.SIGKILL)
            return False, f"Health check exceeded timeout ({seconds:g}s)"
        return state["ExitCode"] == 0, "".join(said).strip()

    def _output(self, identifier: str) -> str:
        try:
            return plain(self._api.exec_start(identifier))
        except (docker.errors.DockerException, requests.RequestException, OSError) as error:
            return str(error)


def plain(output: bytes) -> str:
    """Return what a program wrote, as plain text."""
    return TERMINAL.sub("", output.decode(errors="replace"))
