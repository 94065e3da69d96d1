"""The module backup: it works for the run that holds the lease, tells of drift, and warns before the disk is full."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import databases, listing, seal
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client
from ansible_collections.rarebooks.platform.plugins.module_utils._health import run
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease as run_lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.modules import backup
from backup_support import PROJECT
from numbered_releases import Server

RUN = Run("token")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server(tmp_path / "stack")
    server.root.mkdir()
    server.engine.root = str(tmp_path)
    monkeypatch.setattr(client, "connect", lambda: server.engine)
    monkeypatch.setattr(databases, "remove_leftovers", lambda _client, _project: None)
    return server


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(backup.AnsibleModule, "warn", lambda _module, text: told.append(text))
    return told


def place_of(server: Server) -> run_lease.Place:
    return run_lease.Place(str(server.root), str(server.root.parent / "leases"))


def call(server: Server, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    arguments = {"path": str(server.root), "project": PROJECT, "lease_directory": place_of(server).directory, **options}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        backup.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


@pytest.mark.parametrize("state", ["sealed", "pruned"])
def test_it_is_recorded_in_the_lease_and_refused_without_it(server: Server, capsys: pytest.CaptureFixture[str], state: str) -> None:
    server.make_live(1)
    run_lease.take(place_of(server), RUN, "checking")
    result = call(server, capsys, state=state, run=RUN.to_dict())
    lease = place_of(server).load()
    assert not result.get("failed") and lease and (lease.process or {})["pid"] == os.getpid()
    run_lease.give_back(place_of(server), RUN.token)
    assert "no longer holds" in call(server, capsys, state=state, run=RUN.to_dict())["msg"]


def test_drift_is_told_when_it_is_sealed(server: Server, capsys: pytest.CaptureFixture[str], warnings: list[str]) -> None:
    server.deploy(1)
    ledger.append(str(server.root), server.ledger[-1])
    (server.root / "docker-compose.yml").write_text("edited by hand")
    sealed = call(server, capsys)
    assert len(warnings) == 1 and "docker-compose.yml had been changed by hand. " in warnings[0] and "marked as drifted" in warnings[0]
    assert (sealed["result"], sealed["damage"], sealed["good"]) == ("drifted", "", [])


def test_a_damaged_description_is_not_called_an_edit(server: Server, capsys: pytest.CaptureFixture[str], warnings: list[str]) -> None:
    server.deploy(1)
    first = server.deploy(2)
    for entry in server.ledger:
        ledger.append(str(server.root), entry)
    (server.root / "release.json").write_text("{")
    sealed = call(server, capsys)
    assert "release.json is damaged: " in warnings[0] and "by hand" not in warnings[0]
    assert sealed["result"] == "drifted" and sealed["damage"] in sealed["causes"] and [one["id"] for one in sealed["good"]] == [first]
    again = call(server, capsys)
    assert not again["changed"] and again["result"] == "drifted"


def test_a_damaged_newest_backup_is_not_taken_for_a_way_back(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.make_live(1)
    first = call(server, capsys)["id"]
    once, twice = call(server, capsys), call(server, capsys)
    assert once == {**twice, "changed": False, "id": first, "seconds": once["seconds"]}
    (server.root / "backups" / first / "files/docker-compose.yml").write_text("x")
    again = call(server, capsys)
    assert again["changed"] and again["id"] != first


def test_the_next_backup_that_would_not_fit_is_told_before_the_disk_is_full(
    server: Server, capsys: pytest.CaptureFixture[str], warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make_live(1)
    call(server, capsys)
    monkeypatch.setattr(seal, "SPARE_BYTES", 1 << 60)
    call(server, capsys, state="pruned")
    assert len(warnings) == 1 and warnings[0].startswith("The next backup of all databases would not fit. ")
    assert "MiB free for the backup" in warnings[0] and "stack_backup_max_size" in warnings[0]


def test_the_bound_is_the_module_s(server: Server, capsys: pytest.CaptureFixture[str], warnings: list[str]) -> None:
    server.make_live(1)
    (server.root / "nginx").mkdir()
    (server.root / "nginx/large").write_bytes(os.urandom(900_000))
    call(server, capsys)
    call(server, capsys, state="pruned", max_size=1)
    assert len(warnings) == 0  # Of a tree of ours what is not ours is no part.
    (server.root / "release.json").unlink()
    (server.root / ".config_tree.json").unlink()
    call(server, capsys)
    call(server, capsys, state="pruned", max_size=1)
    assert len(warnings) == 1 and "of the 1 MiB that they may (stack_backup_max_size)" in warnings[0]


def test_of_a_release_made_by_hand_only_what_holds_now_is_asked_later(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make_by_hand(1)
    probes = [{"url": "https://a.example.org/"}, {"url": "https://a.example.org/never"}]
    shop = {"name": "shop", "containers": ["web", "new"], "probes": probes, "certificate": "c"}
    described = {"apps": [shop, {"name": "chat", "containers": ["chat"]}]}
    asked: list[Any] = []

    def asked_once(gate: run.Gate, _secrets: dict[str, str]) -> tuple[bool, dict[str, Any]]:
        asked.extend(gate.probes)
        return False, {"probes": [{"ok": not probe.url.endswith("never")} for probe in gate.probes]}

    monkeypatch.setattr(run, "wait_until_healthy", asked_once)
    identifier = call(server, capsys, successor=described)["id"]
    manifest = listing.get(str(server.root), identifier).manifest
    held, never = (HttpCheck(probe["url"]) for probe in probes)
    assert asked == [held, never] and manifest
    assert [(app.name, app.containers, app.probes) for app in manifest.apps] == [("shop", ("web",), (held,))]
    # And again when it is sealed without a description, as a rollback does: from what a backup remembers.
    (server.root / "docker-compose.yml").write_text("services: {} # 2\n")
    manifest = listing.get(str(server.root), call(server, capsys)["id"]).manifest
    assert manifest and [app.containers for app in manifest.apps] == [("web",)]
