"""Whether an app still waits for its first set-up, and whether visitors reach it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import replay, setups

SETUP = {"container": "backend", "port": 8080, "path": "/status", "key": "open", "hosts": ["shop.example.org", "www.example.org"]}


def container(name: str, address: str) -> dict[str, Any]:
    return {"Name": f"/{name}", "NetworkSettings": {"Networks": {"none": {"IPAddress": ""}, "net": {"IPAddress": address}}}}


def found(monkeypatch: pytest.MonkeyPatch, *open_ones: str) -> list[dict[str, str]]:
    """Return what is found where the set-up is open at these addresses, which begin with that of a container."""

    def is_open(connect: partial[Any], _setup: Any, _host: str = "") -> bool:
        place, *rest = connect.args
        return f"{place} {rest[1].url}" in open_ones if connect.func is replay.connect else f"{place}:{rest[0]}" in open_ones

    monkeypatch.setattr(setups, "is_open", is_open)
    return setups.find([container("backend", "10.0.0.2")], container("proxy", "10.0.0.3"), [SETUP])


def test_what_is_open_to_visitors_is_told_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, plain, secure = "10.0.0.2:8080", "10.0.0.3 http://shop.example.org/status", "10.0.0.3 https://www.example.org/status"
    assert found(monkeypatch, inside, plain, secure) == [{"container": "backend", "address": "http://shop.example.org/status"}]
    assert found(monkeypatch, inside, secure) == [{"container": "backend", "address": "https://www.example.org/status"}]
    # To what the proxy does not lead only whoever is inside comes.
    assert found(monkeypatch, inside) == [{"container": "backend", "address": ""}]
    assert found(monkeypatch, plain, secure) == []


def test_a_container_that_cannot_be_reached_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setups, "is_open", lambda *_arguments: pytest.fail("it was asked"))
    assert setups.find([container("backend", "")], None, [SETUP]) == []


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert (self.path, self.headers["Host"]) == ("/status", "shop.example.org")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (json.dumps({"open": True}).encode(), True),
        (json.dumps({"open": False}).encode(), False),
        (b"[]", False),
        (b"<html>", False),
    ],
)
def test_it_is_asked_for_its_host(body: bytes, expected: bool) -> None:
    with answering(200, body) as port:
        assert setups.is_open(partial(http.client.HTTPConnection, "127.0.0.1", port), SETUP, "shop.example.org") is expected


def test_who_does_not_answer_has_none() -> None:
    with answering(200, b"") as port:
        pass
    assert not setups.is_open(partial(http.client.HTTPConnection, "127.0.0.1", port), SETUP)
    request = replay.Request("GET", "https", "shop.example.org", "/status")
    assert not setups.is_open(lambda: replay.connect("127.0.0.1", 1, request), SETUP)
