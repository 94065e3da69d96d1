# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The container that Compose would make for a service, in the engine's words, without its making one.

Only Compose knows how a definition becomes a container, and by which label it recognises that one later; both differ between its
versions. So it is asked to make the container by an engine that has none of this service, and that takes down what it is asked for instead
of doing it: a socket before the engine's own, through which whatever only reads passes.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .containers import SERVICE_LABEL

READS = ("GET", "HEAD")
# Of a connection, and not of what is sent over it.
OF_THE_CONNECTION = ("connection", "content-length", "transfer-encoding")
REFUSAL = json.dumps({"message": "taken down, and not done"}).encode()


def engine_socket() -> str:
    """Return the path of the engine's socket, nothing where it is reached in another way."""
    scheme, _separator, path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    return path if scheme == "unix" else ""


class Recorder:
    """An engine that shows no container of a service, and takes down the one that it is asked to make."""

    def __init__(self, service: str, name: str, engine: str) -> None:
        self.service, self.name, self.engine = service, name, engine
        self.recorded: dict[str, Any] | None = None
        # What else it was asked to change: then it takes more than this one container.
        self.others: list[str] = []
        self._directory = tempfile.TemporaryDirectory(prefix="rarebooks-")
        self.path = os.path.join(self._directory.name, "engine")
        self._server = Server(self.path, self)

    def __enter__(self) -> Recorder:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._directory.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """Return what leads Docker's command line here: a context would lead it to the engine itself."""
        return {"DOCKER_HOST": f"unix://{self.path}", "DOCKER_CONTEXT": ""}

    @property
    def container(self) -> dict[str, Any] | None:
        """Return the settings of the container, None where it would not be all that is changed."""
        return None if self.others else self.recorded

    def take_down(self, method: str, target: str, body: bytes) -> None:
        """Take down what was asked for."""
        url = urlsplit(target)
        asked = parse_qs(url.query)
        if method == "POST" and url.path.endswith("/containers/create") and asked == {"name": [self.name]}:
            self.recorded = json.loads(body)
        else:
            self.others.append(f"{method} {url.path}")

    def shown(self, target: str, content: bytes) -> bytes:
        """Return an answer of the engine as it is shown: lists without the service's containers."""
        if not urlsplit(target).path.endswith("/containers/json"):
            return content
        return json.dumps([one for one in json.loads(content) if not self._hides(one.get("Labels") or {})]).encode()

    def _hides(self, labels: Mapping[str, str]) -> bool:
        return labels.get(SERVICE_LABEL) == self.service


class Server(ThreadingMixIn, UnixStreamServer):
    """The socket; whoever asks may hold several connections."""

    daemon_threads = True

    def __init__(self, path: str, recorder: Recorder) -> None:
        self.recorder = recorder
        super().__init__(path, Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):  # Compose gives up as soon as it is refused something.
            super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: standard error is the module's."""

    def parse_request(self) -> bool:
        """Answer any method alike."""
        understood = super().parse_request()
        if understood:
            setattr(self, f"do_{self.command}", self._answer)
        return understood

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        recorder = self.server.recorder
        if self.command not in READS:
            recorder.take_down(self.command, self.path, body)
            self._send(http.client.INTERNAL_SERVER_ERROR, {"Content-Type": "application/json"}, REFUSAL)
            return
        connection = Connection(recorder.engine)
        try:
            connection.request(self.command, self.path, headers={"Host": "docker"})
            answer = connection.getresponse()
            content = answer.read()
            shown = recorder.shown(self.path, content) if answer.status == http.client.OK else content
            self._send(answer.status, dict(answer.getheaders()), shown)
        finally:
            connection.close()

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in OF_THE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class Connection(http.client.HTTPConnection):
    """A connection to the engine."""

    def __init__(self, path: str) -> None:
        super().__init__("docker")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)
