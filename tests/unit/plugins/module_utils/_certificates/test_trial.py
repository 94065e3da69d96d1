"""What nginx could not load, or clients would refuse, is known before it is served."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Pair
from certificates import Authority
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

HOSTS = ["example.org", "www.example.org"]
ROOT = Authority.root()
MIDDLE = ROOT.below()
LEAF = MIDDLE.issue(*HOSTS)
WHOLE = Pair(LEAF.chain + MIDDLE.pem, LEAF.key)


@pytest.fixture
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server whose trust store knows the root, as Debian keeps it: a directory that OpenSSL looks into when it needs to."""
    return trusting(tmp_path, monkeypatch, ROOT)


def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *authorities: Authority) -> Path:
    for one in authorities:
        name = f"{subject_hash(one)}.0"
        (tmp_path / name).write_bytes(one.pem)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    return tmp_path


def subject_hash(one: Authority) -> str:
    """Return the name under which OpenSSL looks for a certificate (X509_NAME_hash: SHA-1 of the canonical subject)."""
    import hashlib

    # One common name: SET { SEQUENCE { OID 2.5.4.3, UTF8String in lower case } }.
    text = one.name.lower().encode()
    inner = bytes([0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, len(text)]) + text
    canonical = bytes([0x31, len(inner) + 2, 0x30, len(inner)]) + inner
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


@pytest.mark.usefixtures("_store")
@pytest.mark.parametrize("pair", [WHOLE, Pair(WHOLE.chain + ROOT.pem, WHOLE.key)], ids=["whole", "with its root"])
def test_a_sound_chain(pair: Pair) -> None:
    assert trial.complaint(pair, HOSTS) == ""


@pytest.mark.usefixtures("_store")
def test_a_chain_without_its_intermediate() -> None:
    found = trial.complaint(LEAF, HOSTS)
    assert found.startswith("expected a chain that clients of example.org trust, got: unable to get local issuer certificate.")
    assert "was issued by Test intermediate, which is not known here. Where that is an intermediate, append its certificate" in found


@pytest.mark.usefixtures("_store")
def test_an_authority_that_nobody_knows() -> None:
    other = Authority.root("Another root")
    below = other.below("Another intermediate")
    leaf = below.issue(*HOSTS)
    for chain in (leaf.chain + below.pem, leaf.chain + below.pem + other.pem):
        found = trial.complaint(Pair(chain, leaf.key), HOSTS)
        assert "put it into /usr/local/share/ca-certificates/NAME.crt there and run update-ca-certificates." in found
    assert "is signed by itself" in found


@pytest.mark.usefixtures("_store")
@pytest.mark.parametrize(
    ("pair", "hosts", "expected"),
    [
        (MIDDLE.issue(*HOSTS, left=-1), HOSTS, "clients of example.org trust, got: certificate has expired."),
        (MIDDLE.issue(*HOSTS, begins=1), HOSTS, "clients of example.org trust, got: certificate is not yet valid."),
        (MIDDLE.issue("example.org"), HOSTS, "clients of www.example.org trust, got: Hostname mismatch"),
        (MIDDLE.issue("*.example.org"), ["a.b.example.org"], "clients of a.b.example.org trust, got: Hostname mismatch"),
    ],
    ids=["expired", "not yet", "another name", "wildcard"],
)
def test_what_a_client_refuses(pair: Pair, hosts: list[str], expected: str) -> None:
    assert expected in trial.complaint(Pair(pair.chain + MIDDLE.pem, pair.key), hosts)


def test_an_intermediate_that_only_this_server_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting(tmp_path, monkeypatch, ROOT, MIDDLE)
    assert "got one without Test intermediate, which only this server's own trust store has" in trial.complaint(LEAF, HOSTS)
    assert trial.complaint(WHOLE, HOSTS) == ""


def test_what_nginx_cannot_load() -> None:
    other = MIDDLE.issue(*HOSTS)
    assert "got: KEY_VALUES_MISMATCH." in trial.complaint(Pair(WHOLE.chain, other.key), HOSTS)
    assert trial.complaint(Pair(b"nothing\n", WHOLE.key), HOSTS).startswith("expected a chain and its key as nginx reads them, got: ")
    assert trial.complaint(Pair(WHOLE.chain, b"nothing\n"), HOSTS).startswith("expected a chain and its key as nginx reads them, got: ")
    locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")
    )
    assert "got an encrypted one." in trial.complaint(Pair(WHOLE.chain, locked), HOSTS)


def test_a_local_authority(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    assert trial.complaint(WHOLE, HOSTS, str(tmp_path / "ca.pem")) == ""


def test_a_server_without_a_trust_store_cannot_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = ssl.get_default_verify_paths()
    for directory, able in ((tmp_path, False), (tmp_path / "none", False)):
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda d=directory: paths._replace(cafile=None, capath=str(d)))
        assert trial.can_validate() is able
    (tmp_path / "abc.0").write_text("x")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths._replace(cafile=None, capath=str(tmp_path)))
    assert trial.can_validate()


def test_only_a_pair_that_nginx_can_load_is_of_use() -> None:
    found = trial.usable(WHOLE)
    assert found and found.subject_names == HOSTS
    other = MIDDLE.issue(*HOSTS)
    for broken in (None, Pair(WHOLE.chain, other.key), Pair(WHOLE.chain, b""), Pair(b"", WHOLE.key), Pair(b"nothing", WHOLE.key)):
        assert trial.usable(broken) is None
