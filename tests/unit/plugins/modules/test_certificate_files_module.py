"""The module's check mode and diffs tell the truth, and show no key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.modules import certificate_files
from certificates import Authority, pair

OLD, NEW = pair("a.example.org"), pair("a.example.org")


@pytest.fixture
def live(tmp_path: Path) -> Path:
    directory = tmp_path / "letsencrypt/live"
    directory.mkdir(parents=True)
    return directory


def run(live: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[dict[str, Any], str]:
    one = {"name": "site", "chain": NEW.chain.decode(), "key": NEW.key.decode()}
    with patch_module_args({"certificates": [one], "live": str(live), **options}), pytest.raises(SystemExit):
        certificate_files.main()
    output = capsys.readouterr().out
    return json.loads(output), output


@pytest.mark.parametrize("before", [None, OLD, NEW])
def test_check_mode_foretells(live: Path, capsys: pytest.CaptureFixture[str], before: Any) -> None:
    if before:
        Installed("site", str(live)).put(before)
    previewed, _output = run(live, capsys, _ansible_check_mode=True, _ansible_diff=True)
    assert Installed("site", str(live)).pair() == before
    done, output = run(live, capsys, _ansible_diff=True)
    for key in ("changed", "updated", "diff"):
        assert previewed[key] == done[key]
    assert done["updated"] == ([] if before == NEW else ["site"])
    assert [one["before"] for one in done["diff"]] == ([] if before == NEW else [OLD.chain.decode() if before else ""])
    assert Installed("site", str(live)).pair() == NEW
    assert NEW.key.decode().splitlines()[1] not in output.replace("\\n", "\n")


ROOT = Authority.root("A root that nobody trusts")
HOSTS = ["a.example.org"]


def refused(live: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> str:
    good, bad = ROOT.issue("b.example.org"), ROOT.below().issue(*HOSTS)
    certificates = [
        {"name": name, "chain": one.chain.decode(), "key": one.key.decode(), "hosts": hosts}
        for name, one, hosts in (("other", good, []), ("site", bad, HOSTS))
    ]
    done, _output = run(live, capsys, certificates=certificates, **options)
    assert done["failed"]
    return str(done["msg"])


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_clients_would_refuse_is_not_put_in_place(live: Path, capsys: pytest.CaptureFixture[str], check_mode: bool) -> None:
    Installed("site", str(live)).put(OLD)
    before = {path: path.lstat().st_ctime_ns for path in live.parent.rglob("*")}
    message = refused(live, capsys, _ansible_check_mode=check_mode)
    assert message.startswith("Certificate site: expected a chain that clients of a.example.org trust, got: unable to get local issuer ")
    assert "was issued by Test intermediate" in message
    assert message.endswith("\nThe certificates that are served have not been changed.")
    # Nor is the other one of the same task, which is sound.
    assert {path: path.lstat().st_ctime_ns for path in live.parent.rglob("*")} == before


def test_what_is_served_already_is_the_gates_business(live: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untrusted = ROOT.issue(*HOSTS)
    Installed("site", str(live)).put(untrusted)
    certificates = [{"name": "site", "chain": untrusted.chain.decode(), "key": untrusted.key.decode(), "hosts": HOSTS}]
    done, _output = run(live, capsys, certificates=certificates)
    assert (done["changed"], done["updated"]) == (False, [])


def test_a_bare_server_judges_when_it_has_a_trust_store(
    live: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "can_validate", lambda: False)
    certificates = [{"name": "site", "chain": NEW.chain.decode(), "key": NEW.key.decode(), "hosts": HOSTS}]
    assert run(live, capsys, certificates=certificates, _ansible_check_mode=True)[0]["updated"] == ["site"]
    assert run(live, capsys, certificates=certificates)[0]["failed"]


def test_the_pair_of_before_can_come_back(live: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Installed("site", str(live)).put(OLD)
    run(live, capsys)
    assert Installed("site", str(live)).before() == OLD
