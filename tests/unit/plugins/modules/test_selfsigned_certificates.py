"""The local CA and what it issues: in one call, only what is needed, and under names of any length."""

from __future__ import annotations

import json
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import certificate, local_ca, trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, Pair
from ansible_collections.rarebooks.platform.plugins.modules import selfsigned_certificates
from certificates import Authority, pair
from cryptography import x509
from cryptography.x509.oid import NameOID

SHOP, CHAT = ["www.example.org", "example.org"], ["chat.example.org"]
SHOP_KEY = pair(*SHOP).key
LONG = ".".join(["a" * 63, "b" * 63, "c" * 63, "example.org"])


class Server:
    """A server with a local CA, or before it has one."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.ca, self.live = directory / "rarebooks/ca", directory / "letsencrypt/live"
        self.live.mkdir(parents=True)
        self._capsys = capsys

    def run(self, host: str = "shop", shop: list[str] = SHOP, **options: Any) -> dict[str, Any]:
        certificates = [{"name": "shop", "names": shop}, {"name": "chat", "names": CHAT}]
        arguments = {"host": host, "ca_path": str(self.ca), "live": str(self.live), "certificates": certificates, **options}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            selfsigned_certificates.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return result

    def previewed(self, **options: Any) -> dict[str, Any]:
        return self.run(_ansible_check_mode=True, **options)

    def site(self, name: str) -> Installed:
        return Installed(name, str(self.live))

    def files(self) -> dict[Path, int]:
        return {path: path.lstat().st_ctime_ns for path in self.live.parents[1].rglob("*")}

    def loaded(self, name: str = "") -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.live / name / "fullchain.pem" if name else self.ca / "ca.pem").read_bytes())


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Server:
    return Server(tmp_path, capsys)


def test_a_bare_server_gets_a_ca_and_each_certificate(server: Server) -> None:
    before = server.files()
    previewed = server.previewed(_ansible_diff=True)
    assert server.files() == before
    done = server.run(_ansible_diff=True)
    assert previewed == done
    assert (done["changed"], done["ca_created"], done["reasons"]) == (True, True, dict.fromkeys(["shop", "chat"], "there is none yet"))
    assert done["diff"][0]["after"].startswith(f"a local CA in {server.ca}: there is none yet\nshop for www.example.org, example.org: ")
    assert trial.complaint(server.site("shop").pair(), SHOP, str(server.ca / "ca.pem")) == ""  # type: ignore[arg-type]
    assert [oct((server.ca / name).stat().st_mode & 0o777) for name in ("", "ca.pem", "ca.key")] == ["0o755", "0o644", "0o600"]
    assert 396 < (certificate.parse_pem(server.site("chat").pair().chain)[0].not_after - _now()).days + 1 <= 397  # type: ignore[union-attr]


def _now() -> Any:
    from datetime import datetime, timezone

    return datetime.now(timezone.utc)


def test_the_same_again_changes_nothing(server: Server) -> None:
    server.run()
    before = server.files()
    assert (server.run()["changed"], server.previewed()["changed"], server.files()) == (False, False, before)


@pytest.mark.parametrize("wanted", [["example.org", "www.example.org"], ["EXAMPLE.org", "www.example.org"]])
def test_the_order_and_case_of_names_mean_nothing(server: Server, wanted: list[str]) -> None:
    server.run()
    assert server.run(shop=wanted)["changed"] is False


def test_other_names(server: Server) -> None:
    server.run()
    chat = server.site("chat").pair()
    done = server.run(shop=[*SHOP, "new.example.org"])
    assert done["reasons"] == {"shop": "it covers www.example.org, example.org"}
    assert server.site("chat").pair() == chat
    # Until a release has proven it, the one of before can come back.
    assert server.site("shop").before() is not None


def test_one_that_ends_soon_and_one_from_elsewhere(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_ca, "LEAF_DAYS", 29)
    server.run()
    monkeypatch.undo()
    server.site("chat").put(Authority.root("RareBooks platform CA of shop").issue(*CHAT))
    reasons = server.run()["reasons"]
    assert reasons["shop"].startswith("it ends on ") and reasons["chat"] == "it was not issued by the local CA"


@pytest.mark.parametrize("key", [b"", SHOP_KEY], ids=["empty", "of another one"])
def test_one_whose_key_nginx_could_not_load_with_it(server: Server, key: bytes) -> None:
    """It would keep nginx from starting; and it does not come back where the release that replaced it fails."""
    server.run()
    broken = Pair(server.site("chat").pair().chain, key)  # type: ignore[union-attr]
    server.site("chat").put(broken)
    assert server.run()["reasons"] == {"chat": "its key is not there or that of another one"}
    assert trial.usable(server.site("chat").pair())


def test_a_ca_that_was_moved_away_is_made_anew(server: Server) -> None:
    server.run()
    server.ca.rename(server.ca.parent / "old")
    done = server.run()
    assert (done["ca_created"], done["updated"]) == (True, ["shop", "chat"])
    assert ssl.create_default_context(cafile=str(server.ca / "ca.pem"))


def test_all_anew_where_it_was_asked_for(server: Server) -> None:
    server.run()
    assert server.run(renew=True)["reasons"] == dict.fromkeys(["shop", "chat"], "it was asked for")


@pytest.mark.parametrize("damage", ["no key", "no certificate", "too old"])
def test_a_ca_that_cannot_issue_leaves_everything_as_it_is(server: Server, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    if damage == "too old":
        monkeypatch.setattr(local_ca, "CA_DAYS", 396)
        server.previewed()
        local_ca.create(str(server.ca), "shop", _now())
    else:
        server.run()
    if damage == "no key":
        (server.ca / "ca.key").unlink()
    elif damage == "no certificate":
        (server.ca / "ca.pem").write_text("nothing\n")
    before = server.files()
    done = server.run(renew=True)
    assert done["failed"] and done["msg"].endswith("The certificates that are served have not been changed.")
    assert {"no key": "expected the key of the local CA", "no certificate": "expected the certificate of the local CA"}.get(
        damage, "expected it to be valid for 397 days more"
    ) in done["msg"]
    assert server.files() == before


def test_without_the_library_check_mode_foretells_that_all_is_issued(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert server.previewed()["updated"] == ["shop", "chat"]
    assert "python3-cryptography" in server.run()["msg"]


@pytest.mark.parametrize("host", ["shop", "h" * 39, "h" * 40, "server-of-the-company.in-a-data-centre.example.org", "h" * 253])
def test_the_cas_name_fits_whatever_the_server_is_called(server: Server, host: str) -> None:
    server.run(host=host)
    (name,) = server.loaded().subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert len(name.value) <= 64 and str(name.value).startswith(f"RareBooks platform CA of {host[:30]}")


def test_long_hosts_that_begin_alike_have_different_cas() -> None:
    first, second = ("server." + "x" * 50 + end for end in ("a", "b"))
    assert local_ca.common_name(first) != local_ca.common_name(second)


@pytest.mark.parametrize(("names", "common"), [([LONG], []), ([LONG, "example.org"], ["example.org"])])
def test_a_name_that_is_too_long_for_a_common_name_is_an_alternative_one(server: Server, names: list[str], common: list[str]) -> None:
    server.run(shop=names)
    leaf = server.loaded("shop")
    assert [one.value for one in leaf.subject] == common
    # RFC 5280, 4.2.1.6: critical where the subject is empty.
    assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical is (common == [])
    assert trial.complaint(server.site("shop").pair(), names, str(server.ca / "ca.pem")) == ""  # type: ignore[arg-type]
