# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads containers through the Docker SDK for Python."""

from __future__ import annotations

import re
import traceback
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._health_container import DockerUnavailable

IMPORT_ERROR: str | None = None
try:
    import docker
    import docker.errors
    import requests
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

# Colours and carriage returns of applications that believe they write to a terminal.
TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")


SECONDS_PER_CALL = 120


def connect(timeout: int = SECONDS_PER_CALL) -> Any:
    """Return a client of this server's engine."""
    try:
        # The client's own default is its newest API version, which an older engine refuses.
        return docker.from_env(version="auto", timeout=timeout)
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise DockerUnavailable(str(error)) from error


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

    def logs(self, name: str, lines: int) -> str:
        """Return the last lines a container wrote to its standard output and error."""
        try:
            output: bytes = self._api.logs(name, stdout=True, stderr=True, tail=lines)
        except docker.errors.NotFound:
            return ""
        except (docker.errors.DockerException, requests.RequestException) as error:
            return f"(the log cannot be read: {error})"
        return TERMINAL.sub("", output.decode(errors="replace"))
