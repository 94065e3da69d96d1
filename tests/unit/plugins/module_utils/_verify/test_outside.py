# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking from elsewhere: real requests over real TLS to an address that a name is made to lead to."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import outside
from tls_support import HOST, Authority


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Host"].startswith(HOST) else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "trusted")


@pytest.fixture
def port(authority: Authority) -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue(HOST))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def asks(port: int, authorities: str, status: int = 200) -> dict[str, Any]:
    return {"probes": [{"url": f"https://{HOST}:{port}/", "name": "front page", "status": (status,)}], "authorities": authorities}


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "addresses_of", lambda _host: ["127.0.0.1"])
    monkeypatch.setattr(outside, "CLOSED", ())


def test_a_site_is_asked_by_its_name_at_its_address(port: int, authority: Authority) -> None:
    (found,) = outside.look(asks(port, authority.file.read_text()))
    assert (found.level, found.subject) == ("passed", "front page (127.0.0.1)")


@pytest.mark.parametrize(
    ("status", "trusted", "told"), [(401, True, "status 200 instead of 401"), (200, False, "CERTIFICATE_VERIFY_FAILED")]
)
def test_another_answer_and_a_certificate_that_nobody_trusts(
    port: int, authority: Authority, status: int, trusted: bool, told: str
) -> None:
    (found,) = outside.look(asks(port, authority.file.read_text() if trusted else "", status))
    assert found.level == "failed" and told in str(found.text) and "curl" in str(found.next)


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "addresses_of", lambda _host: [])
    (found,) = outside.look(asks(1, ""))
    assert (found.level, found.subject) == ("failed", HOST) and "public DNS" in str(found.text)


def test_a_port_that_must_be_closed(monkeypatch: pytest.MonkeyPatch, port: int, authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_port:
        monkeypatch.setattr(outside, "CLOSED", (open_port.getsockname()[1],))
        found = outside.look(asks(port, authority.file.read_text()))
    assert [one.level for one in found] == ["passed", "failed"] and "expected it closed" in str(found[1].text)


def test_an_address_that_this_machine_has_no_way_to_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> Any:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(outside, "fetch", refuse)
    monkeypatch.setattr(outside, "addresses_of", lambda _host: ["2001:db8::1", "192.0.2.1"])
    assert [one.level for one in outside.look(asks(443, ""))] == ["passed", "failed"]
