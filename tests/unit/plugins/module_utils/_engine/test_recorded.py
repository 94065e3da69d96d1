"""An engine that takes down what Compose asks for: here Compose is played, and so is the engine behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from threading import Thread
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import recorded
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import Project
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import SERVICE_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.recorded import Connection, Recorder
from memory_engine import Engine

CONTAINERS = [{"Id": "1", "Labels": {SERVICE_LABEL: "backend"}}, {"Id": "2", "Labels": {SERVICE_LABEL: "db"}}, {"Id": "3", "Labels": None}]
SETTINGS = {"Image": "shop:2", "Labels": {SERVICE_LABEL: "backend"}}
CREATE = "/v1.44/containers/create?name=shop_backend"


class Behind(BaseHTTPRequestHandler):
    """An engine that answers whatever is read, and nothing else."""

    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "a socket has none"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        content = json.dumps(CONTAINERS if "/containers/json" in self.path else {"asked": self.path}).encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "engine")
    with UnixStreamServer(path, Behind) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield path
        server.shutdown()


def ask(path: str, method: str, target: str, body: Any = None) -> tuple[int, Any]:
    connection = Connection(path)
    connection.request(method, target, json.dumps(body) if body else None)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content)


def test_what_is_read_passes_but_for_the_containers_of_the_service(engine: str) -> None:
    with Recorder("backend", "shop_backend", engine) as recorder:
        assert ask(recorder.path, "GET", "/v1.44/containers/json?all=1") == (200, CONTAINERS[1:])
        assert ask(recorder.path, "GET", "/v1.44/networks/net") == (200, {"asked": "/v1.44/networks/net"})
        assert ask(recorder.path, "GET", "/missing")[0] == 404
    assert recorder.container is None


def test_the_container_is_taken_down_and_not_made(engine: str) -> None:
    with Recorder("backend", "shop_backend", engine) as recorder:
        assert ask(recorder.path, "POST", CREATE, SETTINGS)[0] == 500
    assert recorder.container == SETTINGS


@pytest.mark.parametrize("other", ["/v1.44/volumes/create", "/v1.44/containers/create?name=shop_db", f"{CREATE}&platform=linux/arm64"])
def test_more_than_the_container_is_no_exchange(engine: str, other: str) -> None:
    with Recorder("backend", "shop_backend", engine) as recorder:
        ask(recorder.path, "POST", other, {"Name": "x"})
        ask(recorder.path, "POST", CREATE, SETTINGS)
    assert recorder.container is None


def test_compose_is_led_to_it_whatever_context_is_chosen(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def compose(argv: list[str], environ_update: dict[str, str], **_options: Any) -> tuple[int, str, str]:
        asked.append(argv)
        assert environ_update["DOCKER_CONTEXT"] == ""
        ask(environ_update["DOCKER_HOST"].removeprefix("unix://"), "POST", CREATE, SETTINGS)
        return 1, "", "taken down"

    monkeypatch.setenv("DOCKER_HOST", f"unix://{engine}")
    project = Project(Engine(str(tmp_path)).client, compose, str(tmp_path), "shop")
    assert project.wanted_container("backend", "shop_backend") == SETTINGS
    assert asked[0][-6:] == ["up", "--no-start", "--no-build", "--pull", "never", "backend"]


def test_an_engine_elsewhere_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert recorded.engine_socket() == ""
    monkeypatch.delenv("DOCKER_HOST")
    assert recorded.engine_socket() == "/var/run/docker.sock"
