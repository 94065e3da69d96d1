"""Certificates that others put in place are served as they are, or the deploy is refused before anything changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import existing, trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Pair
from certificates import Authority

HOSTS = ["example.org", "www.example.org"]
ROOT = Authority.root()
GOOD = ROOT.issue(*HOSTS)
BELOW = ROOT.below()


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


def problems(root: Path, pair: Pair, hosts: list[str] = HOSTS) -> list[str]:
    directory = root / "live/shop"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fullchain.pem").write_bytes(pair.chain)
    (directory / "privkey.pem").write_bytes(pair.key)
    before = {path: (path.read_bytes(), os.stat(path).st_mtime_ns) for path in directory.iterdir()}
    found = existing.problems("shop", hosts, str(root / "live"))
    assert {path: (path.read_bytes(), os.stat(path).st_mtime_ns) for path in directory.iterdir()} == before
    assert os.listdir(root / "live") == ["shop"] and not (root / "versions").exists()
    return found


def test_a_good_one_is_left_as_it_is(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (Pair(GOOD.chain, ROOT.issue(*HOSTS).key), "expected a chain and its key as nginx reads them, got: KEY_VALUES_MISMATCH."),
        (Pair(b"junk", GOOD.key), "expected a chain and its key as nginx reads them"),
        (ROOT.issue(*HOSTS, left=-1), "expected a chain that clients of example.org trust, got: certificate has expired."),
        (ROOT.issue(*HOSTS, begins=1), "got: certificate is not yet valid."),
        (
            BELOW.issue(*HOSTS),
            "got: unable to get local issuer certificate. The last certificate in the chain file was issued by Test inter",
        ),
    ],
    ids=["another key", "no chain", "expired", "not yet", "no intermediate"],
)
def test_what_nginx_or_a_strict_client_refuses(tmp_path: Path, pair: Pair, told: str) -> None:
    (found,) = problems(tmp_path, pair)
    assert found.startswith("Certificate shop: ") and told in found and found.endswith(f"It lies in {tmp_path}/live/shop.")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    names, expired = problems(tmp_path, ROOT.issue("example.org", left=-1), [*HOSTS, "api.example.org"])
    assert f"expected it to cover www.example.org, api.example.org, got example.org in {tmp_path}/live/shop/fullchain.pem." in names
    assert "certificate has expired" in expired


def test_a_host_that_is_not_covered_is_told_once(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, ROOT.issue("example.org"))
    assert "expected it to cover www.example.org, got example.org" in found


def test_what_is_not_there(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []
    (tmp_path / "live/shop/privkey.pem").unlink()
    (tmp_path / "live/shop/privkey.pem").symlink_to("../../archive/shop/privkey1.pem")
    (lost,) = existing.problems("shop", HOSTS, str(tmp_path / "live"))
    assert "since certificates_mode is existing, got no privkey.pem. There are certificates named: shop." in lost
    (unknown,) = existing.problems("chat", HOSTS, str(tmp_path / "live"))
    assert f"in {tmp_path}/live/chat on the server" in unknown and "got no fullchain.pem and no privkey.pem" in unknown


def test_without_pythons_library_the_handshakes_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server set up by hand."""
    monkeypatch.setattr(type(existing.CRYPTOGRAPHY), "is_missing", True)
    assert problems(tmp_path, GOOD) == []
    (found,) = problems(tmp_path, ROOT.issue("example.org"))
    assert "clients of www.example.org trust, got: Hostname mismatch" in found


def test_a_bare_server_has_no_authorities_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "can_validate", lambda: False)
    assert problems(tmp_path, Authority.root("Unknown").issue(*HOSTS)) == []
    assert len(problems(tmp_path, Authority.root("Unknown").issue("example.org"))) == 1
