# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place where a client of this server's engine is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._base.errors import PlatformError

if TYPE_CHECKING:
    from docker import DockerClient

try:
    import docker
    import docker.errors
    import requests
except ImportError:  # See _base.libraries.
    pass

SECONDS_PER_CALL = 120


class DockerUnavailable(PlatformError):
    """The engine did not answer, or answered with an error of its own."""


def connect(timeout: int = SECONDS_PER_CALL) -> DockerClient:
    """Return a client of this server's engine."""
    try:
        # The client's own default is its newest API version, which an older engine refuses.
        return docker.from_env(version="auto", timeout=timeout)
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise DockerUnavailable(str(error)) from error
