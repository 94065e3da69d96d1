"""The module around the orders: check mode, diffs, and one message for all that failed."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import archive, ensure
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.ensure import CertificateChanges
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.modules import certbot_certificates
from certificates import pair
from lineages import files, settings, write

SHOP = {"name": "shop", "names": ["a.example.org"], "hosts": ["a.example.org"]}


def run(where: Settings, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args({"settings": asdict(where), **options}), pytest.raises(SystemExit):
        certbot_certificates.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def served(root: Path) -> Settings:
    where, one = settings(root), pair("a.example.org")
    write(where, "shop", one)
    Installed("shop", where.live).put(one)
    return where


def test_all_are_put_aside_and_what_nginx_reads_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = served(tmp_path)
    before, live = files(str(tmp_path)), Installed("shop", where.live).pair()
    previewed = run(where, capsys, state="absent", _ansible_check_mode=True)
    assert files(str(tmp_path)) == before
    done = run(where, capsys, state="absent")
    assert (previewed["changed"], previewed["archived"]) == (done["changed"], done["archived"]) == (True, ["shop"])
    assert Installed("shop", where.live).pair() == live
    assert run(where, capsys, state="absent")["changed"] is False


def test_what_a_rollback_needs_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = served(tmp_path)
    assert run(where, capsys, state="restored", certificates=[SHOP])["changed"] is False
    archive.put(where, "shop", served=True)
    previewed = run(where, capsys, state="restored", certificates=[SHOP], _ansible_check_mode=True)
    assert Installed("shop", where.live).pair() is None
    done = run(where, capsys, state="restored", certificates=[SHOP, {"name": "never"}], _ansible_diff=True)
    assert previewed["restored"] == done["restored"] == ["shop"]
    assert [(one["before"], "a.example.org" in one["after"]) for one in done["diff"]] == [("", True)]


@pytest.mark.parametrize(("state", "fails"), [("prepared", False), ("present", True)])
def test_what_failed_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, state: str, fails: bool
) -> None:
    outcome = CertificateChanges(failed={"shop": "no way to the authority", "talk": "refused"})
    monkeypatch.setattr(ensure, "ensure", lambda *_arguments: outcome)
    monkeypatch.setattr(ensure, "prepare", lambda *_arguments: outcome)
    result = run(settings(tmp_path), capsys, state=state, certificates=[SHOP])
    assert result["failed_certificates"] == outcome.failed
    assert result.get("failed", False) is fails
    assert result.get("msg", "") == ("no way to the authority\n\nrefused" if fails else "")


def test_what_ends_soon_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    where = served(tmp_path)
    Installed("shop", where.live).put(pair("a.example.org", left=15))
    monkeypatch.setattr(ensure, "ensure", lambda *_arguments: CertificateChanges())
    warnings: list[str] = []
    monkeypatch.setattr(certbot_certificates.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    run(where, capsys, certificates=[SHOP])
    assert [text.partition(",")[0] for text in warnings] == ["Certificate shop on shop has 15.0 days left"]


def test_check_mode_foretells_each_order_where_it_will_be_placed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What serves is exchanged after the release is live, what is missing comes before."""
    where = served(tmp_path)
    write(where, "gone", pair("gone.example.org"))
    talk = {"name": "talk", "names": ["talk.example.org"], "hosts": ["talk.example.org"], "challenge": "dns-01"}
    common = {"certificates": [{**SHOP, "key_type": "rsa", "challenge": "dns-01"}, talk], "_ansible_check_mode": True}
    before = run(where, capsys, state="prepared", _ansible_diff=True, **common)
    after = run(where, capsys, state="present", **common)
    assert (before["orders"], before["archived"]) == ({"talk": "there is none yet"}, [])
    assert [one["after"] for one in before["diff"]] == ["talk: to be ordered, because there is none yet\n"]
    assert (after["orders"], after["archived"]) == ({"shop": "its key is ecdsa"}, ["gone"])


@pytest.mark.parametrize("state", ["prepared", "present"])
def test_what_cannot_be_served_with_is_told_before_anything_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str], state: str) -> None:
    where = replace(served(tmp_path), check_resolution=False)
    wanted = [SHOP, {"name": "new", "names": ["b.example.org"], "hosts": ["b.example.org"]}]
    found = run(where, capsys, state=state, certificates=wanted, _ansible_check_mode=True)
    # The order of a new one is what comes before the release.
    assert (found["unusable"], list(found["orders"])) == (["new"], ["new"] if state == "prepared" else [])
