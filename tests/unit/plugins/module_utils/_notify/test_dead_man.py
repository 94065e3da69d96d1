"""A dead man's switch is told that all is well, or what is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.dead_man import address, ping


class Switch(HTTPServer):
    """Counts who calls, and refuses as often as it is told to."""

    calls: list[tuple[str, str]]
    refused = 0


class Answer(BaseHTTPRequestHandler):
    """Answers a call."""

    server: Switch

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.calls.append((self.path, body))
        self.server.refused -= 1
        self.send_response(503 if self.server.refused >= 0 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def switch() -> Iterator[Switch]:
    with Switch(("127.0.0.1", 0), Answer) as server:
        server.calls = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("url", "failing"),
    [
        ("https://hc.example.org/ping/uuid", "https://hc.example.org/ping/uuid/fail"),
        ("https://hc.example.org/ping/uuid/?rid=1", "https://hc.example.org/ping/uuid/fail?rid=1"),
    ],
)
def test_the_address_of_a_failure(url: str, failing: str) -> None:
    assert (address(url, True), address(url, False)) == (url, failing)


def test_it_is_called(switch: Switch) -> None:
    url = f"http://127.0.0.1:{switch.server_port}/uuid"
    assert ping(url, True, "") == "" == ping(url, False, "сломано")
    assert switch.calls == [("/uuid", ""), ("/uuid/fail", "сломано")]


def test_it_is_tried_again(switch: Switch) -> None:
    url = f"http://127.0.0.1:{switch.server_port}/uuid"
    switch.refused = 2
    assert ping(url, True, "") == ""
    switch.refused = 3
    assert ping(url, True, "") == "HTTP 503"


def test_what_cannot_be_reached_is_told_without_its_address() -> None:
    for url in ("http://127.0.0.1:1/secret", "nonsense/secret"):
        error = ping(url, True, "")
        assert error and "secret" not in error
