"""Certificates that others put in place: never written by a deploy, read by nginx when they are new, and not when they are broken."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import provided
import pytest
import server
from contract import MESSENGER, SHOP
from cryptography import x509
from operators import Deployer
from support import wait_until
from visitor import Visitor

NAME = "rare-books.ru"
LIVE = f"/etc/letsencrypt/live/{NAME}"
STORE = "/usr/local/share/ca-certificates"
EXISTING = {"certificates_mode": "existing"}
UNIT = "rarebooks-certificates"
FILES = {"certificate": "fullchain.pem", "key": "privkey.pem"}


@pytest.fixture(scope="module")
def own() -> Iterator[provided.Authority]:
    """An authority that the server trusts; so does it the local CA, which issued what is there."""
    made = provided.Authority.make()
    server.run("tee", f"{STORE}/operator.crt", stdin=made.root.pem.decode())
    server.run("cp", "/opt/rarebooks/ca/ca.pem", f"{STORE}/local.crt")
    server.run("update-ca-certificates")
    yield made
    server.run("rm", "-f", f"{STORE}/operator.crt", f"{STORE}/local.crt")
    server.run("update-ca-certificates", "--fresh")


@pytest.fixture(scope="module")
def trusted(own: provided.Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("trusted") / "ca.pem"
    path.write_text(server.run("cat", "/opt/rarebooks/ca/ca.pem") + own.root.pem.decode())
    return str(path)


@pytest.fixture
def renew(own: provided.Authority, tmp_path: Path) -> Callable[[], int]:
    """Return a function that puts a new pair in place as certbot does, who knows nothing of us, and returns its serial."""

    def put() -> int:
        pair = own.provide(tmp_path, {NAME: SHOP})[NAME]
        for part, file in FILES.items():
            server.run("tee", f"{LIVE}/{file}.new", stdin=Path(pair[part]).read_text())
        server.shell(f"cd {LIVE}; for file in {' '.join(FILES.values())}; do mv $file.new $file; done")
        return x509.load_pem_x509_certificate(Path(pair["certificate"]).read_bytes()).serial_number

    return put


def served(trusted: str) -> int:
    """Return the serial of what a visitor of the shop is served."""
    context = ssl.create_default_context(cafile=trusted)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection((server.address(), 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=SHOP[0]) as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    assert der
    return x509.load_der_x509_certificate(der).serial_number


def files() -> dict[str, object]:
    """Return everything nginx reads of certificates."""
    return {name: value for name, value in server.state().items() if name.startswith("/etc/letsencrypt")}


def containers() -> dict[str, object]:
    return {name: value for name, value in server.state().items() if name.startswith("container ")}


def test_what_is_there_is_served_as_it_is(deploying: Deployer, trusted: str) -> None:
    before, running, serial = files(), containers(), served(trusted)
    with Visitor(server.address(), trusted) as visitor:
        done = deploying(EXISTING)
    assert done.code == 0
    visitor.assert_served(at_least=3)
    assert (files(), containers(), served(trusted)) == (before, running, serial)
    assert f"Certificate {NAME}: expected somebody who renews it, got neither" in " ".join(done.output.split())
    assert deploying(EXISTING).recap()["changed"] == 0
    shown = deploying(EXISTING, playbook="certificates.yml")
    assert (shown.code, "next renewal: by nobody known; the timer has nginx read it, next " in shown.output) == (0, True)
    assert files() == before


def wait_until_idle() -> None:
    """Wait until the program that the watch starts has ended: it excludes a deploy, and has the lease meanwhile."""
    server.run("sh", "-c", f"until systemctl show --property=ActiveState {UNIT} | grep -q inactive; do sleep 0.2; done")


def test_a_pair_that_others_renewed_is_read_at_once(deploying: Deployer, trusted: str, renew: Callable[[], int]) -> None:
    with Visitor(server.address(), trusted) as visitor:
        serial = renew()
        wait_until(lambda: served(trusted) == serial, "the renewed pair to be served")
        wait_until_idle()
        assert deploying(EXISTING).recap()["changed"] == 0
    visitor.assert_served(at_least=3)


@pytest.fixture
def unwatched() -> Iterator[None]:
    """As where a renewal goes unnoticed: files are written through links that lead elsewhere."""
    server.run("systemctl", "stop", f"{UNIT}.path")
    yield
    server.run("systemctl", "start", f"{UNIT}.path")


@pytest.mark.usefixtures("unwatched")
@pytest.mark.parametrize("how", ["the timer", "a deploy"])
def test_a_pair_that_nobody_noticed_is_read_later(deploying: Deployer, trusted: str, renew: Callable[[], int], how: str) -> None:
    with Visitor(server.address(), trusted) as visitor:
        serial = renew()
        assert served(trusted) != serial
        before = files()
        if how == "the timer":
            server.run("systemctl", "start", UNIT)
        else:
            assert deploying(EXISTING).code == 0
        assert (served(trusted), files()) == (serial, before)
    visitor.assert_served(at_least=3)


@pytest.mark.usefixtures("unwatched")
def test_a_pair_that_others_broke_is_not(refused: Deployer, trusted: str, renew: Callable[[], int]) -> None:
    serial = served(trusted)
    server.run("cp", f"{LIVE}/privkey.pem", "/root/privkey.pem")
    renew()
    server.run("mv", "/root/privkey.pem", f"{LIVE}/privkey.pem")
    told = server.run("sh", "-c", f"systemctl start {UNIT}; echo $?; journalctl --sync; journalctl --unit {UNIT} --output cat --lines 20")
    assert told.startswith("1\n") and "KEY_VALUES_MISMATCH" in told and "nginx has not been reloaded" in told
    assert served(trusted) == serial
    message = refused({**EXISTING, "maymessenger_certificate": "elsewhere"}).message()
    assert f"- Certificate {NAME}: expected a chain and its key as nginx reads them, got: KEY_VALUES_MISMATCH." in message
    assert (
        "- Certificate elsewhere: expected fullchain.pem and privkey.pem in /etc/letsencrypt/live/elsewhere on the server, since "
        in message
    )
    assert f"There are certificates named: {MESSENGER}, {NAME}." in message
    # They put it right.
    serial = renew()
    server.run("systemctl", "start", UNIT)
    assert served(trusted) == serial


def test_the_local_ca_takes_over_again(deploying: Deployer, trusted: str) -> None:
    assert deploying({}).code == 0
    assert served(trusted)
    for kind in ("timer", "path"):
        assert server.run("systemctl", "show", "--property=UnitFileState", f"{UNIT}.{kind}").strip() == "UnitFileState=disabled"
    assert deploying({}).recap()["changed"] == 0
