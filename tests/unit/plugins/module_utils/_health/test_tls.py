# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real handshakes with a server of the test's own."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.certificate import read_chain
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.trust import trust
from ansible_collections.rarebooks.platform.plugins.module_utils._health import tls
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import OK
from ansible_collections.rarebooks.platform.plugins.module_utils._health.tls import TlsCheck, TlsProbe, old_tls
from tls_support import HOST, NOW, Authority, TlsServer, self_signed

pytestmark = pytest.mark.filterwarnings("ignore:ssl.:DeprecationWarning")  # old TLS is offered on purpose
LATER = timedelta(hours=1)  # what is left is counted from when the test runs


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "trusted")


@pytest.fixture
def server(request: pytest.FixtureRequest, authority: Authority) -> Iterator[TlsServer]:
    """Show a certificate; the parameter makes its file, without one it is right."""
    make = getattr(request, "param", lambda ca: ca.issue(HOST))
    with TlsServer(make(authority)) as running:
        yield running


def probe_of(server: TlsServer, ca_file: Path | None, trusted: tuple[Path, ...] = (), timeout: float = 5, **check: Any) -> TlsProbe:
    file, others = str(ca_file) if ca_file else None, [str(path) for path in trusted]
    return TlsProbe(TlsCheck(**{"host": HOST, "port": server.port, **check}), trust(file, others), timeout, file, others)


def test_a_trusted_certificate(server: TlsServer, authority: Authority) -> None:
    probe = probe_of(server, authority.file)
    assert probe.report() is None and probe.expiring() == ""
    assert probe.check() == OK
    assert set(server.names) == {HOST}
    (served,) = read_chain(next(str(file) for file in authority.directory.iterdir() if file != authority.file))
    assert probe.report() == {
        "host": HOST,
        "port": server.port,
        "serial": served.serial_hex,
        "issuer": "trusted",
        "names": [HOST],
        "not_after": f"{NOW + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}",
        "days_left": 89.9,
        "protocol": "TLSv1.3",
    }
    assert probe.expiring() == ""


def test_an_unknown_authority_is_final(server: TlsServer, tmp_path: Path) -> None:
    probe = probe_of(server, Authority(tmp_path, "other").file)
    outcome = probe.check()
    assert outcome.verdict == "failed"
    assert outcome.error == f"the certificate shown for {HOST} is not trusted: unable to get local issuer certificate"
    assert probe.report() is None


def test_without_a_file_the_system_decides(server: TlsServer) -> None:
    assert "a private CA's root has to be in it" in probe_of(server, None).check().error


@pytest.mark.parametrize(
    ("server", "error"),
    [
        (lambda ca: ca.issue("other.rare-books.test"), "Hostname mismatch, certificate is not valid for"),
        (lambda ca: ca.issue("*.test"), "Hostname mismatch, certificate is not valid for"),
        (lambda ca: ca.issue(common_name=HOST), "Hostname mismatch, certificate is not valid for"),
        (lambda ca: ca.issue(HOST, ends=NOW - timedelta(days=1)), "certificate has expired"),
        (lambda ca: self_signed(ca.directory, HOST), "self"),
    ],
    indirect=["server"],
)
def test_a_wrong_certificate_is_final(server: TlsServer, authority: Authority, error: str) -> None:
    outcome = probe_of(server, authority.file).check()
    assert outcome.verdict == "failed"
    assert outcome.error.startswith(f"the certificate shown for {HOST} is not trusted: {error}")


@pytest.mark.parametrize("server", [lambda ca: ca.issue("*.rare-books.test")], indirect=True)
def test_a_wildcard_stands_for_one_label(server: TlsServer, authority: Authority) -> None:
    assert probe_of(server, authority.file).check() == OK
    for host in ("rare-books.test", "a.www.rare-books.test"):
        assert "Hostname mismatch" in probe_of(server, authority.file, host=host).check().error


def test_trusted_files_are_beside_the_authorities(server: TlsServer, authority: Authority, tmp_path: Path) -> None:
    placeholder = self_signed(tmp_path, HOST)
    assert probe_of(server, authority.file, (placeholder,)).check() == OK
    server.context.load_cert_chain(placeholder)
    assert probe_of(server, authority.file, (placeholder,)).check() == OK
    assert probe_of(server, None, (placeholder,)).check() == OK
    assert probe_of(server, authority.file).check().verdict == "failed"
    (tmp_path / "another").mkdir()
    assert probe_of(server, authority.file, (self_signed(tmp_path / "another", HOST),)).check().verdict == "failed"


def test_a_chain_may_end_in_a_trusted_intermediate_or_leaf(server: TlsServer, authority: Authority, tmp_path: Path) -> None:
    intermediate = Authority(tmp_path, "intermediate", authority)
    leaf = intermediate.issue(HOST)
    server.context.load_cert_chain(leaf)
    stranger = Authority(tmp_path, "stranger")
    assert probe_of(server, stranger.file).check().verdict == "failed"
    assert probe_of(server, stranger.file, (intermediate.file,)).check() == OK
    assert probe_of(server, stranger.file, (leaf,)).check() == OK


def test_a_trusted_certificate_expires_all_the_same(server: TlsServer, authority: Authority) -> None:
    leaf = authority.issue(HOST, ends=NOW - timedelta(days=1))
    server.context.load_cert_chain(leaf)
    assert "certificate has expired" in probe_of(server, None, (leaf,)).check().error


def test_what_is_served_is_what_is_on_disk(server: TlsServer, authority: Authority) -> None:
    renewed = authority.issue(HOST)
    probe = probe_of(server, authority.file, certificate=str(renewed))
    outcome = probe.check()
    report = probe.report()
    assert outcome.verdict == "waiting" and report
    assert outcome.error == (
        f"serves serial {report['serial']}, on disk in {renewed} is serial {read_chain(str(renewed))[0].serial_hex}: nginx has not read it"
    )
    server.context.load_cert_chain(renewed)
    assert probe.check() == OK
    report = probe.report()
    assert report and report["serial"] == read_chain(str(renewed))[0].serial_hex


def test_only_the_first_certificate_on_disk_counts(server: TlsServer, authority: Authority) -> None:
    served, other = authority.issue(HOST), authority.issue(HOST)
    server.context.load_cert_chain(served)
    other.write_bytes(other.read_bytes() + served.read_bytes())
    assert probe_of(server, authority.file, certificate=str(other)).check().verdict == "waiting"
    other.write_bytes(served.read_bytes() + other.read_bytes())
    assert probe_of(server, authority.file, certificate=str(other)).check() == OK


def test_a_missing_file_is_final(server: TlsServer, authority: Authority, tmp_path: Path) -> None:
    missing = tmp_path / "live" / "fullchain.pem"
    outcome = probe_of(server, authority.file, certificate=str(missing)).check()
    assert outcome.verdict == "failed"
    assert outcome.error == (
        f"expected PEM certificates in {missing}, got: No such file or directory: "
        f"put the certificate of {HOST} there, or correct the option certificate"
    )


@pytest.mark.parametrize(
    ("left", "verdict", "warned"),
    [
        (timedelta(days=7) - LATER, "failed", True),
        (timedelta(days=7) + LATER, "ok", True),
        (timedelta(days=21) - LATER, "ok", True),
        (timedelta(days=21) + LATER, "ok", False),
    ],
)
def test_days_left(server: TlsServer, authority: Authority, left: timedelta, verdict: str, warned: bool) -> None:
    server.context.load_cert_chain(authority.issue(HOST, ends=NOW + left))
    probe = probe_of(server, authority.file)
    outcome, report = probe.check(), probe.report()
    assert outcome.verdict == verdict and bool(probe.expiring()) is warned and report
    shown = f"the certificate shown for {HOST} (serial {report['serial']} of trusted) has {report['days_left']:g} days left, "
    until = f"until {report['not_after']}, and should have "
    if warned:
        assert probe.expiring() == f"{shown}{until}21: renew it and have nginx read it"
    if verdict == "failed":
        assert outcome.error == f"{shown}{until}7: renew it and have nginx read it"
        assert report["days_left"] == 6.9


def test_thresholds_are_options(server: TlsServer, authority: Authority) -> None:
    assert probe_of(server, authority.file, fail_days=100).check().verdict == "failed"
    probe = probe_of(server, authority.file, warn_days=100)
    assert probe.check() == OK and "should have 100:" in probe.expiring()


@pytest.mark.parametrize(("without", "name"), [(0, "TLS 1.1"), (ssl.OP_NO_TLSv1_1, "TLS 1.0")])
def test_old_tls_is_found(server: TlsServer, authority: Authority, without: int, name: str) -> None:
    server.accept_old_tls(without)
    outcome = probe_of(server, authority.file).check()
    assert outcome.verdict == "failed"
    assert outcome.error == f"accepts {name}: expected TLS 1.2 at least (ssl_protocols of nginx)"


def test_old_tls_is_tried_last_and_once(server: TlsServer, authority: Authority) -> None:
    renewed = authority.issue(HOST)
    probe = probe_of(server, authority.file, certificate=str(renewed))
    assert probe.check().verdict == "waiting" and server.connections == 1
    server.context.load_cert_chain(renewed)
    assert probe.check() == OK and server.connections == 4
    assert probe.check() == OK and server.connections == 5


@pytest.mark.parametrize("read", [1, 9999])
def test_hanging_up_is_a_refusal(server: TlsServer, authority: Authority, read: int) -> None:
    """Closing with something left to read is a reset, otherwise an end."""
    server.instead[2] = server.instead[3] = lambda connection: connection.recv(read)
    probe = probe_of(server, authority.file)
    assert probe.check() == probe.check() == OK
    assert server.connections == 4


def test_silence_is_no_refusal(server: TlsServer, authority: Authority) -> None:
    server.instead[2] = lambda connection: connection.recv(9999) and connection.recv(1)
    probe = probe_of(server, authority.file, timeout=0.3)
    outcome = probe.check()
    assert outcome.verdict == "waiting"
    assert outcome.error == f"no complete answer from 127.0.0.1 port {server.port} within 0.3 s"
    assert probe.check() == OK and server.connections == 5


def test_old_tls_stays_untested_where_it_cannot_be_offered(
    server: TlsServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.accept_old_tls()
    unable = old_tls()
    for context in unable.values():
        context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    for offered in (unable, {}):
        monkeypatch.setattr(tls, "old_tls", lambda offered=offered: dict(offered))
        assert probe_of(server, authority.file).check() == OK


def test_offering_old_tls_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(old_tls()) == ["TLS 1.1", "TLS 1.0"]


def test_nothing_listens(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = TlsProbe(TlsCheck(HOST, port), trust(str(authority.file)), 5, None).check()
    assert outcome.verdict == "waiting"
    assert outcome.error == f"nothing listens on 127.0.0.1 port {port} (connection refused)"


def test_a_server_that_never_answers(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port, began = silent.getsockname()[1], time.monotonic()
        outcome = TlsProbe(TlsCheck(HOST, port), trust(str(authority.file)), 0.1, None).check()
    assert time.monotonic() - began < 4
    assert outcome.verdict == "waiting"
    assert outcome.error == f"no complete answer from 127.0.0.1 port {port} within 0.1 s"


def test_a_server_that_speaks_no_tls(server: TlsServer, authority: Authority) -> None:
    server.instead[1] = lambda connection: (connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), connection.recv(9999))
    outcome = probe_of(server, authority.file).check()
    assert outcome.verdict == "waiting"
    assert outcome.error.startswith(f"no TLS with 127.0.0.1 port {server.port} for {HOST}: ")


@pytest.mark.parametrize(
    ("check", "error"),
    [
        ({"host": f"https://{HOST}/"}, f"tls: expected host to be a server name like www.example.org, got 'https://{HOST}/'"),
        ({"host": ""}, "got ''"),
        ({"host": "a..b"}, "got 'a..b'"),
        ({"host": f"{HOST}:443"}, f"got '{HOST}:443'"),
        ({"host": HOST, "port": 0}, f"tls: expected a port from 1 to 65535 for {HOST}, got 0"),
        ({"host": HOST, "port": 65536}, "got 65536"),
    ],
)
def test_what_can_never_work_is_refused(check: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=f"{error}$"):
        TlsCheck(**check)


def test_what_a_person_reads() -> None:
    check = TlsCheck(HOST, connect="::1", certificate="/live/fullchain.pem", fail_days=3)
    probe = TlsProbe(check, trust(None), 5, "/opt/ca.pem", ["/a b.pem"])
    assert (probe.kind, probe.name) == ("tls", f"{HOST}:443")
    assert probe.expectation == (
        f"TLS for {HOST} at ::1 port 443: trusted chain, the certificate in /live/fullchain.pem, at least 3 days left, no TLS 1.0 or 1.1"
    )
    assert probe.next_step() == (
        f"openssl s_client -connect '[::1]:443' -servername {HOST} -verify_return_error -verify_hostname {HOST} "
        "-partial_chain -CAfile <(cat /opt/ca.pem '/a b.pem') < /dev/null"
    )
    assert TlsProbe(TlsCheck(HOST), trust(None), 5, None).next_step().endswith(f"-verify_hostname {HOST} < /dev/null")


def test_next_step_works_as_printed(server: TlsServer, authority: Authority, tmp_path: Path) -> None:
    def verified(probe: TlsProbe) -> bool:
        done = subprocess.run(["bash", "-c", probe.next_step()], capture_output=True, text=True, timeout=20)
        return done.returncode == 0 and "Verify return code: 0 (ok)" in done.stdout

    placeholder = self_signed(tmp_path, HOST)
    assert verified(probe_of(server, authority.file))
    assert not verified(probe_of(server, None))
    assert not verified(probe_of(server, authority.file, host="other.rare-books.test"))
    server.context.load_cert_chain(placeholder)
    assert not verified(probe_of(server, authority.file))
    assert verified(probe_of(server, authority.file, (placeholder,)))
    assert verified(probe_of(server, None, (placeholder,)))
