# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real requests over real TLS to a server of the test's own, which remembers the names it was asked for."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.trust import trust
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._health.site import HttpProbe
from tls_support import HOST, NOW, Authority, self_signed

PAGES = {
    "/": (200, {"Content-Type": "text/html"}, b"<html>shop</html>"),
    "/api/setup": (200, {"Content-Type": "application/json"}, b'{"success": true, "isInitialSetupNeeded": false}'),
    "/old": (301, {"Location": f"https://{HOST}/"}, b""),
    "/bad": (502, {"Content-Type": "text/html"}, b"<h1>Bad Gateway</h1>"),
}


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a client that does not trust it: most of these tests want that."""


@dataclass
class Site:
    """A server on 127.0.0.1 and what it saw."""

    server: Server
    names: list[str | None] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)

    def url(self, path: str = "/", scheme: str = "https") -> str:
        return f"{scheme}://{HOST}:{self.server.server_port}{path}"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "trusted")


@pytest.fixture
def site(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Site]:
    """Serve PAGES; the parameter is the certificate's file, False for no TLS, missing for a right certificate."""
    make = getattr(request, "param", lambda ca: ca.issue(HOST))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            running.requests.append((self.command, self.path, self.headers["Host"]))
            status, headers, body = PAGES[self.path]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output clean."""

    server = Server(("127.0.0.1", 0), Handler)
    running = Site(server)
    if make:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(make(authority))
        context.sni_callback = lambda _socket, name, _context: running.names.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    server.shutdown()
    thread.join()
    server.server_close()


def ask(site: Site, ca_file: Path | None, path: str = "/", trusted: tuple[str, ...] = (), **expected: Any) -> str:
    """Return what the probe finds wrong; ask it twice, since a gate does too."""
    file = str(ca_file) if ca_file else None
    probe = HttpProbe(HttpCheck(site.url(path), "shop", **expected), trust(file, trusted), 5, file, trusted)
    assert probe.check() == probe.check()
    return probe.check().error


def test_names_are_the_urls_though_the_connection_is_local(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file) == ""
    assert set(site.names) == {HOST}
    assert set(site.requests) == {("GET", "/", f"{HOST}:{site.server.server_port}")}


def test_an_unknown_authority_is_not_trusted(site: Site, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    assert ask(site, other.file) == (f"the certificate shown for {HOST} is not trusted: unable to get local issuer certificate")
    assert site.requests == []


def test_without_a_file_the_system_decides(site: Site) -> None:
    error = ask(site, None)
    assert "unable to get local issuer certificate" in error
    assert "a private CA's root has to be in it" in error


def test_an_untrusted_certificate_is_final(site: Site, tmp_path: Path) -> None:
    probe = HttpProbe(HttpCheck(site.url(), "shop"), trust(str(Authority(tmp_path, "other").file)), 5, None)
    assert probe.check().verdict == "failed"


@pytest.mark.parametrize("site", [lambda ca: ca.issue("messenger.rare-books.test")], indirect=True)
def test_a_certificate_for_another_name_is_not_trusted(site: Site, authority: Authority) -> None:
    error = ask(site, authority.file)
    assert "is not trusted: Hostname mismatch, certificate is not valid for" in error
    assert HOST in error
    assert site.requests == []


@pytest.mark.parametrize("site", [lambda ca: ca.issue(HOST, ends=NOW - timedelta(days=1))], indirect=True)
def test_an_expired_certificate_is_not_trusted(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file) == f"the certificate shown for {HOST} is not trusted: certificate has expired"


@pytest.mark.parametrize("site", [lambda ca: ca.issue(common_name=HOST)], indirect=True)
def test_a_common_name_is_no_name(site: Site, authority: Authority) -> None:
    assert "is not trusted: Hostname mismatch" in ask(site, authority.file)


@pytest.mark.parametrize("site", [lambda ca: self_signed(ca.directory, HOST)], indirect=True)
def test_a_placeholder_is_trusted_where_it_is_said_to_be(site: Site, authority: Authority, tmp_path: Path) -> None:
    assert "is not trusted: " in ask(site, authority.file)
    assert ask(site, authority.file, trusted=(str(tmp_path / f"self-signed-{HOST}.pem"),)) == ""


def test_a_redirect_is_an_answer_and_is_not_followed(site: Site, authority: Authority) -> None:
    expected: dict[str, Any] = {"status": [301], "headers": {"LOCATION": f"https://{HOST}/"}}
    assert ask(site, authority.file, "/old", **expected) == ""
    assert ask(site, authority.file, "/old") == f"status 301 to https://{HOST}/ instead of 200"
    assert {path for _method, path, _host in site.requests} == {"/old"}


def test_json_is_compared_and_a_page_is_not_json(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file, "/api/setup", json={"success": True}) == ""
    assert ask(site, authority.file, "/api/setup", json={"success": False}) == ("JSON success: expected false, got true")
    assert ask(site, authority.file, "/", json={"success": True}) == ("expected JSON, got text/html '<html>shop</html>'")


def test_a_bad_gateway_is_shown(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file, "/bad") == "status 502 instead of 200, body '<h1>Bad Gateway</h1>'"


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_other_methods(site: Site, authority: Authority, method: str) -> None:
    assert ask(site, authority.file, method=method) == ""
    assert {asked for asked, _path, _host in site.requests} == {method}


def test_proxies_and_bundles_of_the_environment_are_ignored(site: Site, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    assert ask(site, authority.file) == ""


@pytest.mark.parametrize("site", [False], indirect=True)
def test_plain_http_keeps_the_host_and_needs_no_proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    check = HttpCheck(site.url(scheme="http"), "plain", body_contains="shop")
    assert HttpProbe(check, trust(None), 5, None).check().error == ""
    assert site.requests == [("GET", "/", f"{HOST}:{site.server.server_port}")]


@pytest.mark.parametrize("site", [False], indirect=True)
def test_tls_with_a_server_that_speaks_none(site: Site, authority: Authority) -> None:
    assert f"no TLS with 127.0.0.1 port {site.server.server_port} for {HOST}" in ask(site, authority.file)


def test_nothing_listens(authority: Authority) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    check = HttpCheck(f"https://{HOST}:{port}/", "gone")
    error = HttpProbe(check, trust(str(authority.file)), 5, None).check().error
    assert error == f"nothing listens on 127.0.0.1 port {port} (connection refused)"


def test_a_server_that_never_answers(authority: Authority) -> None:
    """A listening socket nobody accepts from: the connection is made, the handshake is not."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        check = HttpCheck(f"https://{HOST}:{silent.server_port}/", "hangs")
        error = HttpProbe(check, trust(str(authority.file)), 0.1, None).check().error
    assert error == f"no complete answer from 127.0.0.1 port {silent.server_port} within 0.1 s"


def test_next_step_is_a_curl_that_asks_the_same() -> None:
    check = HttpCheck("https://messenger.rare-books.test/api/chats?a=1&b=2", "chats", connect="::1", method="POST")
    assert HttpProbe(check, trust(None), 5, "/opt/ca.pem").next_step() == (
        "curl --verbose --request POST --cacert /opt/ca.pem "
        "--connect-to 'messenger.rare-books.test:443:[::1]:443' "
        "'https://messenger.rare-books.test/api/chats?a=1&b=2'"
    )


def test_next_step_trusts_the_same() -> None:
    def options(ca_file: str | None, *trusted: str) -> str:
        check = HttpCheck(f"https://{HOST}/", "shop")
        command = HttpProbe(check, trust(None), 5, ca_file, trusted).next_step()
        return command.partition(" --request GET ")[2].partition(" --connect-to ")[0]

    assert options(None, "/a b.pem") == "--capath /etc/ssl/certs --cacert '/a b.pem'"
    assert options(None, "/a.pem", "/b.pem") == "--capath /etc/ssl/certs --cacert <(cat /a.pem /b.pem)"
    assert options("/ca.pem", "/a.pem") == "--cacert <(cat /ca.pem /a.pem)"
