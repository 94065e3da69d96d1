# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real requests over real TLS to a server of the test's own, which remembers the names it was asked for."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health_answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._health_http import HttpProbe, trust
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "www.rare-books.test"
NOW = datetime.now(timezone.utc)
PAGES = {
    "/": (200, {"Content-Type": "text/html"}, b"<html>shop</html>"),
    "/api/setup": (200, {"Content-Type": "application/json"}, b'{"success": true, "isInitialSetupNeeded": false}'),
    "/old": (301, {"Location": f"https://{HOST}/"}, b""),
    "/bad": (502, {"Content-Type": "text/html"}, b"<h1>Bad Gateway</h1>"),
}


class Authority:
    """A certification authority that lives as long as the test."""

    def __init__(self, directory: Path, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._directory = directory
        self.file = directory / f"{name}.pem"
        certificate = self._signed(self._name, self._key.public_key(), NOW + timedelta(days=2), None)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str, ends: datetime = NOW + timedelta(days=1)) -> Path:
        """Return a file with a new key and a certificate for the host."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(x509.Name([]), key.public_key(), ends, host)
        file = self._directory / f"{host}-{ends:%Y%m%d}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return file

    def _signed(self, subject: x509.Name, key: Any, ends: datetime, host: str | None) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=not subject)
        return builder.sign(self._key, hashes.SHA256())


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


def ask(site: Site, ca_file: Path | None, path: str = "/", timeout: float = 5, **expected: Any) -> str:
    """Return what the probe finds wrong; ask it twice, since a gate does too."""
    file = str(ca_file) if ca_file else None
    probe = HttpProbe(HttpCheck("shop", site.url(path), **expected), trust(file), timeout, file)
    assert probe.check() == probe.check()
    return probe.check().error


def test_names_are_the_urls_though_the_connection_is_local(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file) == ""
    assert set(site.names) == {HOST}
    assert set(site.requests) == {("GET", "/", f"{HOST}:{site.server.server_port}")}


def test_an_unknown_authority_is_not_trusted(site: Site, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    assert ask(site, other.file) == (
        f"the certificate shown for {HOST} is not trusted: unable to get local issuer certificate"
    )
    assert site.requests == []


def test_without_a_file_the_system_decides(site: Site) -> None:
    error = ask(site, None)
    assert "unable to get local issuer certificate" in error
    assert "a private CA's root has to be in it" in error


def test_an_untrusted_certificate_is_final(site: Site, tmp_path: Path) -> None:
    probe = HttpProbe(HttpCheck("shop", site.url()), trust(str(Authority(tmp_path, "other").file)), 5, None)
    assert probe.check().verdict == "failed"


@pytest.mark.parametrize("site", [lambda ca: ca.issue("messenger.rare-books.test")], indirect=True)
def test_a_certificate_for_another_name_is_not_trusted(site: Site, authority: Authority) -> None:
    error = ask(site, authority.file)
    assert "is not trusted: Hostname mismatch, certificate is not valid for" in error
    assert HOST in error
    assert site.requests == []


@pytest.mark.parametrize("site", [lambda ca: ca.issue(HOST, NOW - timedelta(days=1))], indirect=True)
def test_an_expired_certificate_is_not_trusted(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file) == f"the certificate shown for {HOST} is not trusted: certificate has expired"


def test_a_redirect_is_an_answer_and_is_not_followed(site: Site, authority: Authority) -> None:
    expected: dict[str, Any] = {"status": [301], "headers": {"LOCATION": f"https://{HOST}/"}}
    assert ask(site, authority.file, "/old", **expected) == ""
    assert ask(site, authority.file, "/old") == f"status 301 to https://{HOST}/ instead of 200"
    assert {path for _method, path, _host in site.requests} == {"/old"}


def test_json_is_compared_and_a_page_is_not_json(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file, "/api/setup", json={"success": True}) == ""
    assert ask(site, authority.file, "/api/setup", json={"success": False}) == (
        "JSON success: expected false, got true"
    )
    assert ask(site, authority.file, "/", json={"success": True}) == (
        "expected JSON, got text/html '<html>shop</html>'"
    )


def test_a_bad_gateway_is_shown(site: Site, authority: Authority) -> None:
    assert ask(site, authority.file, "/bad") == "status 502 instead of 200, body '<h1>Bad Gateway</h1>'"


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_other_methods(site: Site, authority: Authority, method: str) -> None:
    assert ask(site, authority.file, method=method) == ""
    assert {asked for asked, _path, _host in site.requests} == {method}


def test_proxies_and_bundles_of_the_environment_are_ignored(
    site: Site, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    assert ask(site, authority.file) == ""


@pytest.mark.parametrize("site", [False], indirect=True)
def test_plain_http_keeps_the_host_and_needs_no_proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    check = HttpCheck("plain", site.url(scheme="http"), body_contains="shop")
    assert HttpProbe(check, trust(None), 5, None).check().error == ""
    assert site.requests == [("GET", "/", f"{HOST}:{site.server.server_port}")]


@pytest.mark.parametrize("site", [False], indirect=True)
def test_tls_with_a_server_that_speaks_none(site: Site, authority: Authority) -> None:
    assert f"no TLS with 127.0.0.1 port {site.server.server_port} for {HOST}" in ask(site, authority.file)


def test_an_old_tls_is_refused(authority: Authority) -> None:
    assert trust(str(authority.file)).minimum_version == ssl.TLSVersion.TLSv1_2
    assert trust(None).minimum_version == ssl.TLSVersion.TLSv1_2


def test_nothing_listens(authority: Authority) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    check = HttpCheck("gone", f"https://{HOST}:{port}/")
    error = HttpProbe(check, trust(str(authority.file)), 5, None).check().error
    assert error == f"nothing listens on 127.0.0.1 port {port} (connection refused)"


def test_a_server_that_never_answers(authority: Authority) -> None:
    """A listening socket nobody accepts from: the connection is made, the handshake is not."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        check = HttpCheck("hangs", f"https://{HOST}:{silent.server_port}/")
        error = HttpProbe(check, trust(str(authority.file)), 0.1, None).check().error
    assert error == f"no complete answer from 127.0.0.1 port {silent.server_port} within 0.1 s"


def test_a_ca_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for content in (None, "not a certificate"):
        file = tmp_path / "ca.pem"
        if content:
            file.write_text(content)
        with pytest.raises(ValueError, match=f"ca_file: expected PEM certificates in {file} on the server, got: "):
            trust(str(file))


def test_next_step_is_a_curl_that_asks_the_same() -> None:
    check = HttpCheck("chats", "https://messenger.rare-books.test/api/chats?a=1&b=2", connect="::1", method="POST")
    assert HttpProbe(check, trust(None), 5, "/opt/ca.pem").next_step() == (
        "curl --verbose --request POST --cacert /opt/ca.pem "
        "--connect-to 'messenger.rare-books.test:443:[::1]:443' "
        "'https://messenger.rare-books.test/api/chats?a=1&b=2'"
    )
