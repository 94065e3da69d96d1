"""The module release as Ansible calls it, over an engine in memory: a deploy, one that fails, a rollback, and what check mode says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import integrity
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan
from ansible_collections.rarebooks.platform.plugins.modules import backup_info, release
from machine import Machine

SERVING = {"nginx": "nginx:1", "db": "postgres:15", "web": "web:1"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.image(1)
    return machine


@pytest.fixture
def served(machine: Machine) -> Machine:
    """Return a server on which release 1 serves, with three rows in its database."""
    result = machine.deploy(1)
    assert not result.get("failed"), result["msg"]
    machine.postgres.write("db", "chat", "Users", 3)
    return machine


def test_a_first_deploy(machine: Machine) -> None:
    result = machine.deploy(1)
    assert (result["changed"], result["started"], result["created"]) == (
        True,
        ["db", "nginx", "web"],
        ["docker-compose.yml", "nginx/site.conf", "release.json"],
    )
    assert machine.images == SERVING
    assert machine.ledger == [("deploy", "deployed")] and machine.journal is None
    lease = machine.place.load()
    assert lease and lease.recorded and lease.step == "switching to the new release"


def test_the_same_again_changes_nothing(served: Machine) -> None:
    before, tree = served.engine.events.copy(), served.tree
    result = served.deploy(1)
    assert (result["changed"], result["started"], result["reloaded"], result["notes"]) == (False, [], False, [])
    assert (served.engine.events, served.tree) == (before + served.engine.events[len(before) :], tree)
    assert [event for event in served.engine.events[len(before) :] if event.split()[-1] in SERVING] == []
    assert served.ledger == [("deploy", "deployed")]
    lease = served.place.load()
    assert lease and lease.facts["release"] == result["release"] != ""


@pytest.mark.parametrize("live", [False, True])
def test_check_mode_predicts_and_touches_nothing(machine: Machine, live: bool) -> None:
    if live:
        machine.deploy(1)
    machine.image(2)
    before, events, images = machine.tree, machine.engine.events.copy(), machine.images
    previewed = machine.deploy(2, check=True)
    assert (machine.tree, machine.engine.events, machine.images) == (before, events, images)
    done = machine.deploy(2)
    for key in ("changed", "created", "updated", "removed", "diff", "started", "containers_removed"):
        assert previewed[key] == done[key], key
    assert previewed["changed"] and previewed.keys() == done.keys()


def test_the_next_release_replaces_what_differs_and_removes_what_it_has_not(machine: Machine) -> None:
    machine.deploy(1, "blog")
    assert machine.images["blog"] == "web:1"
    machine.image(2)
    result = machine.deploy(2)
    assert (result["started"], result["containers_removed"], result["reloaded"]) == (["web"], ["blog"], True)
    assert machine.images == {**SERVING, "web": "web:2"}
    assert machine.engine.reloads["nginx"] == 2
    assert machine.ledger == [("deploy", "deployed")] * 2


@pytest.mark.parametrize("turns_out", ["unhealthy", "exited"])
def test_a_release_that_does_not_serve_is_undone(served: Machine, turns_out: str) -> None:
    before = served.tree
    served.image(2, turns_out)
    result = served.deploy(2, "blog")
    assert result["failed"] and result["result"] == "restored"
    assert "web" in result["msg"] and "The release that ran before is back and was proven" in result["msg"]
    assert served.images == SERVING and served.tree == before and "blog" not in served.engine.running
    # What the failed release had made of each container.
    why = {"exited": "had ended with exit code 1, image of the failed release", "unhealthy": "image of the failed release"}[turns_out]
    assert ledger.read(str(served.root))[0][-1]["reasons"] == {"web": why} and f"containers web ({why}); removed blog" in result["msg"]
    # Once for each release that served: visitors were never sent to the one that did not.
    assert served.engine.reloads["nginx"] == 2
    assert served.ledger == [("deploy", "deployed"), ("deploy", "restored")] and served.journal is None
    assert served.seal(unchanged_apps=["chat"])["id"] == result["restored"]  # What serves is what that backup holds, whole.


def test_a_release_whose_site_does_not_answer_is_undone(served: Machine) -> None:
    served.image(2)
    served.probes = [{"url": "http://127.0.0.1:1/"}]
    result = served.deploy(2)
    assert result["result"] == "restored" and "http GET http://127.0.0.1:1/" in result["msg"]
    assert served.images == SERVING and served.engine.reloads["nginx"] == 3


def test_the_proxy_finds_a_container_that_was_replaced_though_no_file_differs(served: Machine) -> None:
    served.engine.tags |= {"before:1": served.engine.tags["web:1"], "web:1": "sha256:another"}
    result = served.deploy(1)
    assert (result["updated"], result["started"], result["reloaded"]) == ([], ["web"], True)
    assert served.engine.running["web"]["Image"] == "sha256:another" and served.engine.reloads["nginx"] == 2


def test_where_nothing_was_before_the_failed_release_stays(machine: Machine) -> None:
    machine.image(1, "exited")
    result = machine.deploy(1)
    assert (result["result"], result["restored"]) == ("failed", "") and "There was no release before this one" in result["msg"]
    assert machine.ledger == [("deploy", "failed")] and machine.journal is None
    machine.image(1)
    assert machine.deploy(1)["changed"] and machine.images == SERVING


def test_where_the_old_release_cannot_be_brought_back_either(served: Machine) -> None:
    served.image(2, "exited")
    served.engine.turns_out["sha256:" + "1".zfill(64)] = "exited"
    result = served.deploy(2)
    assert result["result"] == "broken" and "COULD NOT BE BROUGHT BACK" in result["msg"]
    assert served.ledger[-1] == ("deploy", "broken") and served.journal is not None
    # When the cause is gone, the next run ends what this one could not.
    served.image(1)
    result = served.deploy(1)
    assert result["interrupted"] and served.images == SERVING and served.journal is None


def test_what_is_refused_changes_nothing(served: Machine) -> None:
    before, events = served.tree, served.images
    served.image(2)
    served.compose.answers["validate"] = (1, "", "no such directive")
    result = served.deploy(2, validators=[{"name": "nginx", "argv": ["validate", "{tree}"]}])
    assert (result["result"], result["restored"], result["validator"]) == ("refused", "", "nginx")
    assert (served.tree, served.images) == (before, events) and served.journal is None
    assert served.ledger[-1] == ("deploy", "refused")


def test_a_container_that_was_paused_by_hand_is_mended(served: Machine) -> None:
    served.engine.containers.get("web").pause()
    previewed = served.deploy(1, check=True)
    assert previewed["changed"] and previewed["started"] == ["web"] and served.engine.running["web"]["State"]["Status"] == "paused"
    result = served.deploy(1)
    assert result["started"] == ["web"] and served.images == SERVING
    assert result["notes"] == ["web: expected it running, got it paused"]


def test_one_that_died_is_started(served: Machine) -> None:
    served.engine.containers.get("web").stop()
    assert served.deploy(1, check=True)["started"] == ["web"]
    assert served.deploy(1)["started"] == ["web"] and served.images == SERVING


def test_a_rollback(served: Machine) -> None:
    served.image(2)
    before = served.tree
    served.deploy(2, "blog")
    identifier = min(path.name for path in (served.root / "backups").iterdir())
    result = served.rollback(identifier)
    assert (result["started"], result["containers_removed"]) == (["web"], ["blog"])
    assert served.images == SERVING and served.tree == before
    assert served.ledger[-1] == ("rollback", "rolled back")
    again = served.rollback(identifier)
    assert not again["changed"] and again["started"] == []


def test_the_names_of_sealed_images_go_back_with_it(served: Machine) -> None:
    served.image(2)
    served.deploy(2)
    identifier = min(path.name for path in (served.root / "backups").iterdir())
    served.engine.tags["web:1"] = "sha256:" + "2".zfill(64)
    assert served.rollback(identifier)["started"] == ["web"]
    assert served.engine.running["web"]["Image"] == served.engine.tags["web:1"] == "sha256:" + "1".zfill(64)


def test_a_rollback_that_does_not_serve_is_undone(served: Machine) -> None:
    served.image(2)
    served.deploy(2)
    identifier = min(path.name for path in (served.root / "backups").iterdir())
    served.image(1, "exited")
    result = served.rollback(identifier)
    assert result["result"] == "restored" and served.images == {**SERVING, "web": "web:2"}
    assert served.ledger[-1] == ("rollback", "restored")


@pytest.mark.parametrize("part", ["files/docker-compose.yml", "dumps/db.dump"])
@pytest.mark.parametrize("verified", ["", "of another backup"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(served: Machine, part: str, verified: str) -> None:
    served.image(2)
    served.deploy(2)
    identifier = min(path.name for path in (served.root / "backups").iterdir())
    (served.root / "backups" / identifier / part).write_text("x")
    result = served.rollback(identifier, verified=verified)
    assert result["failed"] and part in result["msg"] and "changed or truncated" in result["msg"]
    assert served.images == {**SERVING, "web": "web:2"} and served.journal is None


def test_a_rollback_reads_the_backup_and_asks_the_validators_once(served: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (2, 3):
        served.image(number)
        served.deploy(number)
    first, second = (path.name for path in sorted((served.root / "backups").iterdir()))
    read: list[str] = []
    measure = integrity.measure
    monkeypatch.setattr(integrity, "measure", lambda path: read.append(path) or measure(path))  # type: ignore[func-returns-value]
    validators = [{"name": "nginx", "argv": ["validate", "{tree}"]}]
    served.compose.answers["validate"] = (0, "", "")

    def asked() -> int:
        return sum(argv[0] == "validate" for argv in served.compose.asked)

    def of_it() -> list[str]:
        return [path for path in read if f"/{first}/" in path]

    found = served.call(backup_info, id=first, dumps=False)["backup"]
    once = sorted(of_it())
    assert once == sorted(set(once)) and all("/files/" in path for path in once) and once
    compared = served.switch(Run("0" * 32), to=first, validators=validators, verified=found["verified"], _ansible_check_mode=True)
    assert (asked(), sorted(of_it())) == (1, once) and compared["validated"]
    result = served.rollback(first, validators=validators, verified=found["verified"], validated=compared["validated"])
    assert result["changed"] and (asked(), sorted(of_it())) == (1, once)
    # What was accepted is this tree by these validators.
    others = [{"name": "nginx", "argv": ["validate", "--strictly", "{tree}"]}]
    for to, those in ((second, validators), (first, others)):
        before = asked()
        assert served.rollback(to, validators=those, validated=compared["validated"])["changed"] and asked() == before + 1


def test_a_backup_whose_image_is_gone_is_refused_before_anything_is_touched(served: Machine) -> None:
    served.image(2)
    served.deploy(2)
    identifier = min(path.name for path in (served.root / "backups").iterdir())
    served.engine.tags = {tag: image for tag, image in served.engine.tags.items() if image != "sha256:" + "1".zfill(64)}
    result = served.rollback(identifier)
    assert "image web:1" in result["msg"] and "of web is gone" in result["msg"]
    assert served.images == {**SERVING, "web": "web:2"} and served.journal is None


def test_a_backup_made_by_hand_is_gone_back_to_only_where_that_is_said(served: Machine) -> None:
    (served.root / "backups").mkdir(exist_ok=True)
    (served.root / "backups/docker-compose.yml.backup.20200101_000000").write_text((served.root / "docker-compose.yml").read_text())
    result = served.rollback("20200101_000000")
    assert "was made by hand and is not sealed. Nothing has been changed" in result["msg"] and served.journal is None


def test_a_tree_that_was_cut_off_is_looked_at_by_check_mode_and_ended_by_a_run(served: Machine) -> None:
    (served.root / tree_plan.STAGED).mkdir()
    previewed = served.deploy(1, check=True)
    assert previewed["changed"] and (served.root / tree_plan.STAGED).exists()
    assert served.deploy(1)["changed"] and not (served.root / tree_plan.STAGED).exists()


def test_a_switch_that_was_cut_off_is_ended_though_nothing_differs(served: Machine) -> None:
    journal.write(str(served.root), Journal({"token": "dead"}, "", ["web"]))
    previewed = served.deploy(1, check=True)
    assert (previewed["changed"], previewed["interrupted"]) == (True, True) and served.journal
    result = served.deploy(1)
    assert (result["changed"], result["interrupted"]) == (True, True) and served.journal is None


def test_one_run_at_a_time(served: Machine) -> None:
    run = served.run()
    served.run()
    result = served.switch(run, files=served.files(1))
    assert result["failed"] and "This run no longer holds" in result["msg"] and served.ledger == [("deploy", "deployed")]


@pytest.mark.parametrize(
    ("release", "told"),
    [
        (None, "The roles of the release: expected release.json, which says what the release consists of, among their files, got none. "),
        ("{}{", "release.json of the release's roles: expected JSON"),
        ('{"apps": [{"name": "chat"}]}', "release.json of the release's roles: apps[0] has no containers"),
    ],
)
def test_files_that_do_not_say_what_they_are_of_are_refused(served: Machine, release: str | None, told: str) -> None:
    described = [] if release is None else [{"path": "release.json", "content": release}]
    files = [file for file in served.files(2) if file["path"] != "release.json"] + described
    result = served.switch(served.run(), files=files)
    assert result["failed"] and told in result["msg"] and result["msg"].endswith("Nothing has been changed.")
    assert served.images == SERVING and served.journal is None


@pytest.mark.parametrize("both", [False, True])
def test_either_files_or_a_backup(machine: Machine, both: bool) -> None:
    given = {"files": machine.files(1), "to": "20261124_120000"} if both else {}
    result = machine.switch(machine.run(), **given)
    assert "expected either the roles of a release or the id of a backup" in result["msg"]


def test_the_keys_of_a_result_are_those_of_its_documentation(served: Machine) -> None:
    documented = yaml.safe_load(release.RETURN)
    # Those of roles are the action plugin's, which knows them.
    success = {key for key, one in documented.items() if one["returned"] == "success"} - {"roles_changed", "services_changed"}
    assert served.deploy(1).keys() - {"changed"} == success == served.deploy(1, check=True).keys() - {"changed"}


def test_no_secret_is_in_what_is_told(served: Machine) -> None:
    secrets = served.root.parent / "secrets.json"
    secrets.write_text(json.dumps({"jwt": "correct-horse"}))
    served.image(2, "exited")
    served.engine.log = b"cannot use correct-horse"
    result = served.deploy(2, secrets_file=str(secrets))
    assert "cannot use ********" in result["msg"] and "correct-horse" not in json.dumps(result)
