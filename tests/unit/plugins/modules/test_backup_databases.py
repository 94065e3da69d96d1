"""The module backup over an engine in memory: dumps that are proven, what is not dumped again, and what stops it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import Manifest
from ansible_collections.rarebooks.platform.plugins.modules import backup
from machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.image(1)
    machine.deploy(1)
    machine.postgres.write("db", "chat", "Users", 3)
    return machine


def manifest_of(machine: Machine, identifier: str) -> Manifest:
    manifest = listing.get(str(machine.root), identifier).manifest
    assert manifest
    return manifest


def test_a_dump_is_proven_and_everything_is_sealed(machine: Machine) -> None:
    machine.postgres.clusters["db"]["chat"].schema = "First"
    result = machine.seal(reason="a test")
    assert (result["changed"], result["dumped"]) == (True, ["db"])
    manifest = manifest_of(machine, result["id"])
    entry = manifest.databases["db"]
    assert (entry["schema"], entry["oid"], entry["written"], entry["dump"]["tables"]) == ("First", 11, 3, {"public.Users": 3})
    assert entry["proof_seconds"] is not None and machine.warnings == []
    assert entry["position"] == {"cluster": "7000", "first": 3, "next": 3}
    assert (manifest.reason, manifest.serving, sorted(manifest.images)) == ("a test", ["db", "nginx", "web"], ["db", "nginx", "web"])
    assert {one["tag"] for one in manifest.images.values()} <= machine.engine.tags.keys()
    dumped = json.loads((machine.root / "backups" / result["id"] / "dumps/db.dump").read_text())
    assert dumped["tables"] == {"public.Users": 3}
    # The scratch servers are gone, and what the dump is checked with later is what was written.
    assert machine.engine.running.keys() == {"db", "nginx", "web"}
    assert listing.check(listing.get(str(machine.root), result["id"]))[0] == manifest


def test_a_dump_that_does_not_restore_what_was_dumped_is_no_backup(machine: Machine) -> None:
    refuse = machine.postgres.__call__

    def loses_rows(call: object) -> object:
        answer = refuse(call)  # type: ignore[arg-type]
        scratch = machine.postgres.clusters.get("rarebooks-scratch-proof-db", {}).get("rarebooks_proof")
        if scratch and scratch.tables:
            scratch.tables["public.Users"] = 2
        return answer

    machine.engine.programs = [loses_rows]  # type: ignore[list-item]
    result = machine.seal()
    assert result["failed"] and "public.Users: 3 rows expected, 2 rows restored" in result["msg"]
    assert "Nothing that runs has been changed" in result["msg"] and "-e stack_backup_databases=dump" in result["msg"]
    assert list((machine.root / "backups").iterdir()) == [] and machine.engine.running.keys() == {"db", "nginx", "web"}


@pytest.mark.parametrize(
    ("options", "dumped", "proven", "warned"),
    [
        ({"databases": "off"}, False, False, False),
        ({"databases": "dump"}, True, False, False),
        ({"prove_up_to": 1}, True, False, True),
        ({"unchanged_apps": ["chat"]}, False, False, False),
    ],
)
def test_how_databases_are_dumped(machine: Machine, options: dict[str, object], dumped: bool, proven: bool, warned: bool) -> None:
    result = machine.seal(**options)
    entry = manifest_of(machine, result["id"]).databases["db"]
    assert (bool(entry["dump"]), entry["proof_seconds"] is not None) == (dumped, proven)
    assert ["was NOT proven" in text for text in machine.warnings] == [True] * warned


def test_what_is_sealed_already_is_not_sealed_again_but_dumped_anew(machine: Machine) -> None:
    first = machine.seal()["id"]
    unchanged = machine.seal(unchanged_apps=["chat"])
    assert (unchanged["changed"], unchanged["id"]) == (False, first)
    again = machine.seal()
    assert again["changed"] and again["id"] != first


def test_check_mode_predicts_and_touches_nothing(machine: Machine) -> None:
    events, tags = machine.engine.events.copy(), dict(machine.engine.tags)
    machine.engine.containers.get("db").stop()
    previewed = machine.seal(_ansible_check_mode=True)
    assert (previewed["changed"], previewed["dumped"], previewed["id"]) == (True, ["db"], "")
    assert (machine.engine.events, machine.engine.tags) == ([*events, "stop db"], tags)
    assert not (machine.root / "backups").exists()
    done = machine.seal()
    assert done.keys() == previewed.keys() and done["dumped"] == ["db"]
    assert machine.warnings == [
        "Database chat: container db did not run. It was started, so that no data is given up.",
    ]


def test_one_that_cannot_be_started_stops_the_run(machine: Machine) -> None:
    machine.engine.containers.get("db").stop()
    machine.engine.turns_out["sha256:postgres:15"] = "exited"
    machine.engine.log = b"PANIC:  could not locate a valid checkpoint record\n"
    result = machine.seal()
    assert result["failed"] and "could not locate a valid checkpoint record" in result["msg"]
    assert "stack_backup_databases" not in result["msg"]


def test_a_scratch_container_of_a_dead_run_is_removed(machine: Machine) -> None:
    machine.engine.make("rarebooks-scratch-proof-old", "postgres:15", labels={"rarebooks.platform.project": "shop"})
    machine.engine.make("somebody_s", "postgres:15", labels={"rarebooks.platform.project": "shop"})
    machine.seal()
    assert machine.engine.running.keys() == {"db", "nginx", "web", "somebody_s"}


def test_superfluous_ones_go_with_their_images(machine: Machine) -> None:
    identifiers = []
    for number in (1, 2, 3, 4):
        machine.image(number)
        machine.deploy(number)
        identifiers.append(max((path.name for path in (machine.root / "backups").iterdir()), default=""))
    assert machine.seal(state="pruned", keep=2, keep_days=0, _ansible_check_mode=True)["removed"] == identifiers[:2]
    result = machine.seal(state="pruned", keep=2, keep_days=0)
    assert (result["changed"], result["removed"]) == (True, identifiers[:2])
    gone = tuple(f"shop-backup:{identifier}-" for identifier in identifiers[:2])
    assert result["images_removed"] and all(tag.startswith(gone) for tag in result["images_removed"])
    assert not any(tag.startswith(gone) for tag in machine.engine.tags)
    assert machine.seal(state="pruned", keep=2, keep_days=0)["changed"] is False


def test_the_keys_are_always_the_same(machine: Machine) -> None:
    documented = {"changed", *yaml.safe_load(backup.RETURN)}
    results = [machine.seal(), machine.seal(_ansible_check_mode=True), machine.seal(state="pruned")]
    assert {frozenset(one) for one in results} == {frozenset(documented)}
