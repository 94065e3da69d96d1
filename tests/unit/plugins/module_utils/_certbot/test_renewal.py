"""What the timer runs: one certificate after the other, loudly, and never beside a deploy."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import checks, install, renewal
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import Certbot
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.orders import Orders
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from certificates import pair
from lineages import Program, issues, says, settings, write

NOT_DUE = says(0)


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A server that serves two sites, each with a certificate of its own."""
    found = settings(tmp_path)
    apps = [{"name": name, "containers": [], "certificate": name, "server_names": [f"{name}.example.org"]} for name in ("a", "b")]
    Path(found.stack_path).mkdir()
    Path(found.stack_path, "release.json").write_text(json.dumps({"apps": apps}))
    for name in ("a", "b"):
        write(found, name, pair(f"{name}.example.org"))
    for name in ("disk", "resolution", "challenge", "directory"):
        monkeypatch.setattr(checks, name, lambda *_arguments: None)
    monkeypatch.setattr(install, "runs", lambda _settings: True)
    monkeypatch.setattr(install, "install", lambda *_arguments: False)
    return found


def renew(where: Settings, *answers: Any, forced: Any = ()) -> tuple[renewal.Renewal, Program]:
    program = Program(*answers)
    orders = Orders(where, lambda _argv: (0, "[]", ""), Certbot(where, program))
    return renewal.renew(orders, where, forced), program


def test_one_that_fails_keeps_no_other_from_being_renewed(where: Settings) -> None:
    done, _program = renew(where, says(1, "Detail: refused\n"), issues(where, "b", pair("b.example.org")))
    assert (list(done.failed), done.renewed) == (["a"], ["b"])
    assert "refused" in done.failed["a"]


def test_only_what_is_forced_is_ordered(where: Settings) -> None:
    done, program = renew(where, NOT_DUE, issues(where, "b", pair("b.example.org")), forced=["b"])
    assert ([asked[1] for asked in program.asked], done.renewed) == (["renew", "certonly"], ["b"])


def test_what_was_renewed_earlier_and_not_served_is_installed(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(install, "install", lambda _settings, name, _pair, hosts: asked.append((name, hosts)) or True)
    done, _program = renew(where, NOT_DUE, says(1, "no"))
    assert asked == [("a", ["a.example.org"]), ("b", ["b.example.org"])]
    assert (done.installed, list(done.failed)) == (["a", "b"], ["b"])


def test_all_that_went_wrong_with_one_is_told(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> bool:
        raise install.InstallError("nginx refuses it")

    monkeypatch.setattr(install, "install", refuse)
    done, _program = renew(where, says(1, "the authority refuses it\n"), NOT_DUE)
    assert "the authority refuses it" in done.failed["a"] and done.failed["a"].endswith("nginx refuses it")
    assert done.failed["b"] == "nginx refuses it"


def test_a_proxy_that_does_not_run_is_told(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "runs", lambda _settings: False)
    done, _program = renew(where, NOT_DUE, NOT_DUE)
    assert all("the proxy nginx_container does not run" in done.failed[name] for name in ("a", "b"))


@pytest.mark.parametrize(("left", "loud"), [(6.5, True), (7.5, False)])
def test_the_end_is_told_whatever_the_reason(where: Settings, left: float, loud: bool) -> None:
    write(where, "a", pair("a.example.org", left=left))
    done, _program = renew(where, NOT_DUE, NOT_DUE)
    assert ("IT EXPIRES IN 6.5 DAYS" in done.failed.get("a", "")) is loud


def test_a_damaged_lineage_is_told(where: Settings) -> None:
    os.unlink(Path(where.path, "certbot/live/a/privkey.pem"))
    done, _program = renew(where, NOT_DUE)
    assert "expected a lineage with key and chain" in done.failed["a"]


def of_others(where: Settings, **left: float) -> None:
    """Have the release served with certificates that others renew."""
    release = Path(where.stack_path, "release.json")
    release.write_text(json.dumps({**json.loads(release.read_text()), "certificates_existing": True}))
    shutil.rmtree(Path(where.path, "certbot"))
    for name in ("a", "b"):
        Installed(name, where.live).put(pair(f"{name}.example.org", left=left.get(name, 60)))


def test_what_others_renew_is_served(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, list[str]]] = []

    def serve(_settings: Settings, name: str, hosts: list[str]) -> bool:
        asked.append((name, hosts))
        if name == "b":
            raise install.InstallError("its key is of another one")
        return True

    monkeypatch.setattr(install, "serve", serve)
    monkeypatch.setattr(renewal, "PAUSES", ())
    of_others(where)
    done, program = renew(where)
    assert asked == [("a", ["a.example.org"]), ("b", ["b.example.org"])]
    assert (done.installed, done.failed, program.asked) == (["a"], {"b": "its key is of another one"}, [])
    monkeypatch.setattr(install, "runs", lambda _settings: False)
    done, _program = renew(where)
    assert all("the proxy nginx_container does not run" in done.failed[name] for name in ("a", "b"))


def test_whoever_is_in_the_middle_of_writing_is_waited_for(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def serve(*_arguments: Any) -> bool:
        if len(waited) < 2:
            raise install.InstallError("its key is of another one")
        return True

    monkeypatch.setattr(install, "serve", serve)
    monkeypatch.setattr(renewal.time, "sleep", waited.append)
    of_others(where)
    done, _program = renew(where)
    assert (done.installed, done.failed, waited) == (["a", "b"], {}, [1, 2])


def test_that_others_have_not_renewed_is_told(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "serve", lambda *_arguments: False)
    of_others(where, a=6.5)
    done, _program = renew(where)
    assert (
        list(done.failed) == ["a"] and "IT EXPIRES IN 6.5 DAYS" in done.failed["a"] and done.failed["a"].endswith("nobody has renewed it")
    )


def test_what_is_not_ordered_is_nobody_elses_unless_the_release_says_so(where: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "serve", lambda *_arguments: pytest.fail("it is a deploy's"))
    shutil.rmtree(Path(where.path, "certbot"))
    assert renew(where)[0] == renewal.Renewal()


@pytest.fixture
def place(where: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> lease.Place:
    """Where the unit takes the lease."""
    found = lease.Place(where.stack_path, str(tmp_path / "run"))
    monkeypatch.setattr(renewal.Settings, "load", lambda _path: where)
    monkeypatch.setattr(renewal.lease, "Place", lambda _path: found)
    monkeypatch.setattr("sys.argv", ["renewal", "settings.json"])
    return found


@pytest.mark.parametrize(("failed", "code", "result"), [({"a": "refused\nby somebody"}, 1, "failed"), ({}, 0, "renewed")])
def test_the_unit_is_loud(
    where: Settings,
    place: lease.Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failed: dict[str, str],
    code: int,
    result: str,
) -> None:
    done = renewal.Renewal(renewed=["b"], failed=failed)
    monkeypatch.setattr(renewal, "renew", lambda *_arguments: done)
    assert renewal.main() == code
    lines = capsys.readouterr().out.splitlines()
    assert "<6>shop: certificate b was renewed" in lines
    assert [line for line in lines if line.startswith("<3>")] == (["<3>shop: certificate a: refused", "<3>by somebody"] if failed else [])
    (entry,), _unreadable = ledger.read(where.stack_path)
    assert (entry["action"], entry["result"]) == ("renewal", result)
    assert place.load() is None


def test_the_unit_leaves_what_the_next_run_must_know_of_a_dead_one(place: lease.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "renew", lambda *_arguments: renewal.Renewal())
    dead = ledger.Run("dead", "rollback", "anna@laptop")
    lease.take(place, dead, "switching")
    os.unlink(place.file("dead"))
    assert renewal.main() == 0
    orphan = lease.take(place, ledger.Run("next"), "checking")
    assert orphan and (orphan.run, orphan.step) == (dead, "switching")


def test_all_that_went_wrong_is_in_the_ledger_which_keeps_one_line(
    where: Settings, place: lease.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = renewal.Renewal(failed={"a": "expected this, got:\n  that\nAdvice.", "b": "gone"})
    monkeypatch.setattr(renewal, "renew", lambda *_arguments: done)
    assert renewal.main() == 1
    (entry,), _unreadable = ledger.read(where.stack_path)
    assert entry["error"] == "a: expected this, got: that Advice.; b: gone"
