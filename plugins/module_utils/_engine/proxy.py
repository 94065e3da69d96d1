# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nginx in its container: what it has read, and having it read the rest."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import Any

from .._base import state
from .._base.errors import PlatformError
from .._base.files import read_if_exists, sha256, write_durably
from .._base.process import children, read_proc
from .client import DockerUnavailable, connect

with suppress(ImportError):  # See _base.libraries.
    import docker.errors


class ProxyError(PlatformError):
    """nginx does not read its configuration; it keeps serving the one it has."""


def files_digest(paths: list[str]) -> str:
    """Return one digest of all files at or below paths; symbolic links count as what they point to."""
    entries = []
    for path in paths:
        names = [path] if os.path.isfile(path) else []
        for directory, _subdirectories, files in os.walk(path, followlinks=True):
            names += [os.path.join(directory, name) for name in files]
        entries += [f"{name} {sha256(read_if_exists(name) or b'')}\n" for name in names]
    return sha256("".join(sorted(entries)).encode())


def accepts(pid: str) -> bool:
    """Say whether a worker still takes new connections: one that finishes what it has says so in its title."""
    title = read_proc(f"/proc/{pid}/cmdline")
    return bool(title) and "shutting down" not in title


class Proxy:
    """The container, the files nginx reads in it, and the record of what it has read."""

    def __init__(self, container: str, paths: list[str], record: str, timeout: int = 10) -> None:
        self.container = container
        self.digest = files_digest(paths)
        self._record = record
        self._timeout = timeout

    def is_current(self) -> bool:
        """Say whether nginx has read the files as they are."""
        try:
            record = state.load(self._record, dict[str, Any], "") or {}
        except state.StateError:
            return False  # Then it reads them once more, which harms nobody, and the record is written anew.
        return bool(record.get("digest") == self.digest)

    def test(self) -> None:
        """Have nginx validate the files; a ProxyError says what it does not like."""
        container = self._running()
        self._ask(container, "refuses its configuration", ["-t", "-q"])

    def complaint(self) -> str:
        """Return what an nginx that runs does not like about its files, empty where it would read them."""
        container = self._get()
        code, output = self._answer(container, ["-t", "-q"]) if container.status == "running" else (0, "")
        return "" if code == 0 else output

    def reload(self) -> None:
        """Have nginx read the files, and remember that it has."""
        container = self._get()
        if container.status == "restarting":
            self._restart(container)
        else:
            self._reload(self._running())
        write_durably(self._record, json.dumps({"digest": self.digest}).encode(), 0o600)

    def _get(self) -> Any:
        try:
            return connect().containers.get(self.container)
        except (docker.errors.DockerException, DockerUnavailable) as error:
            raise self._unreachable(error) from error

    def _running(self) -> Any:
        container = self._get()
        if container.status != "running":
            raise self._not_running(container.status)
        return container

    def _not_running(self, status: str) -> ProxyError:
        return ProxyError(f"Container {self.container}: expected it running, got {status}. `docker logs {self.container}` says why.")

    def _restart(self, container: Any) -> None:
        """Start an nginx in a crash loop at once: what it died of may have been mended, and the engine waits up to a minute."""
        try:
            container.restart()
        except docker.errors.DockerException as error:
            raise self._unreachable(error) from error
        deadline = time.monotonic() + self._timeout
        while not children((container := self._get()).attrs["State"]["Pid"]):
            if container.status != "running" or time.monotonic() > deadline:
                raise self._not_running(container.status)
            time.sleep(0.05)

    def _unreachable(self, error: Exception) -> ProxyError:
        return ProxyError(f"Container {self.container}: Docker answers: {error}. See `docker ps --all` on the server.")

    def _ask(self, container: Any, step: str, argv: list[str]) -> None:
        """Run nginx in its container; what it says on failure is told."""
        code, output = self._answer(container, argv)
        if code != 0:
            raise ProxyError(
                f"nginx in {self.container} {step}; it keeps serving the one it has.\n{output}\n"
                "Correct the site's variables or template and deploy again."
            )

    def _answer(self, container: Any, argv: list[str]) -> tuple[int, str]:
        try:
            code, output = container.exec_run(["nginx", *argv])
        except docker.errors.DockerException as error:
            raise self._unreachable(error) from error
        return int(code), output.decode(errors="replace").strip()

    def _reload(self, container: Any) -> None:
        """Test the configuration, reload, and wait until new workers have taken over.

        nginx lets the old ones go on for a tenth of a second after it has started the new ones. Whoever asks a site meanwhile may
        hear the old configuration, and a gate would take that for a proof of the new one.
        """
        pid = container.attrs["State"]["Pid"]
        self._ask(container, "refuses its configuration", ["-t", "-q"])
        before = children(pid)
        self._ask(container, "does not take the reload", ["-s", "reload"])
        deadline = time.monotonic() + self._timeout
        while not (now := children(pid)) - before or any(accepts(worker) for worker in before & now):
            if time.monotonic() > deadline:
                raise ProxyError(
                    f"nginx in {self.container}: expected new workers in place of the old ones within {self._timeout} s of the "
                    f"reload, got none; it keeps serving the old configuration. Look at `docker logs {self.container}`."
                )
            time.sleep(0.05)
