"""How a transaction ends: every way in which the switch can fail, and what is live, noted and told after it.

The switch itself is played here; scenarios make it on a server.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import live as certificates_live
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import clusters, transaction
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.switch import Switched, SwitchError
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.transaction import Failed
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan
from backup_support import sealed
from certificates import pair
from transaction_support import GATE, RUN, Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def test_success_leaves_no_journal(stage: Stage) -> None:
    backup = sealed(stage.root, stage.engine).id
    assert stage.run(None, backup=backup).started == ["web"]
    assert stage.noted == [Journal(RUN, backup, ["chat", "nginx", "web"])] and stage.journal is None
    assert stage.recorded == [""]


def test_what_is_refused_before_anything_began_is_told_as_it_is(stage: Stage) -> None:
    with pytest.raises(plan.TreeError, match="nginx refuses"):
        stage.run(plan.TreeError("nginx refuses"), backup=sealed(stage.root, stage.engine).id)
    assert stage.journal is None and len(stage.goals) == 1


def test_a_failure_brings_the_sealed_release_back(stage: Stage) -> None:
    backup = sealed(stage.root, stage.engine)
    with pytest.raises(Failed) as failure:
        stage.run(GATE, None, backup=backup.id)
    failed = failure.value
    assert failed.result == "restored" and failed.facts == {"failed_fast": True, "logs": []} and stage.journal is None
    assert failed.message.startswith("The health gate gave up: web died.\n\nThe release that ran before is back and was proven in 1.5 s: ")
    assert f"Web serves again.\nRestored from backup {backup.id}" in failed.message
    assert [app.name for app in stage.goals[1].apps] == ["web"] and stage.goals[1].images == backup.images
    assert stage.recorded == ["restored"]
    # What the failed release added goes.
    assert stage.extra[1] == {"chat", "nginx", "web"}


@pytest.mark.parametrize("second", [None, SwitchError("The disk is full.")])
def test_what_stays_in_the_volumes_of_the_failed_release_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, second: SwitchError | None
) -> None:
    told = "Database chat in db serves from volume data again, without at least 3 rows"
    # Asked while the failed release is the live one still.
    monkeypatch.setattr(clusters, "left_behind", lambda *_what: [told] * (len(stage.goals) == 1))
    with pytest.raises(Failed, match=told):
        stage.run(GATE, second, backup=sealed(stage.root, stage.engine).id)


def test_who_waits_is_told_that_it_goes_back(stage: Stage) -> None:
    told: list[str] = []
    stage.server = replace(stage.server, tell=told.append)
    with pytest.raises(Failed):
        stage.run(GATE, None, backup=sealed(stage.root, stage.engine).id)
    for server in stage.servers:
        server.tell("waiting for web")
    assert told == ["going back: the new release does not serve", "waiting for web", "going back: waiting for web"]


def test_an_app_that_was_ill_before_is_not_waited_for(stage: Stage) -> None:
    stage.engine.run("chat", "chat:1", "sha256:" + "2" * 64, health="unhealthy")
    backup = sealed(stage.root, stage.engine, apps=("web", "chat"))
    with pytest.raises(Failed, match="Chat was not healthy before this run either and was not waited for"):
        stage.run(GATE, None, backup=backup.id)
    assert [app.name for app in stage.goals[1].apps] == ["web"] and stage.goals[1].partial


def test_where_nothing_served_before_the_new_release_stays(stage: Stage) -> None:
    stage.engine.run("web", "web:1", "sha256:" + "1" * 64, health="unhealthy")
    with pytest.raises(Failed, match="Nothing served before this release either") as failure:
        stage.run(GATE, backup=sealed(stage.root, stage.engine).id)
    assert failure.value.result == "failed" and stage.journal is None and len(stage.goals) == 1


def test_a_first_release_stays(stage: Stage) -> None:
    with pytest.raises(Failed, match="There was no release before this one to go back to") as failure:
        stage.run(GATE)
    assert failure.value.result == "failed" and stage.journal is None


@pytest.mark.parametrize("damage", ["the switch fails", "the backup is damaged", "the backup is gone"])
def test_where_that_fails_too_it_is_told_loudly_and_the_next_run_knows(stage: Stage, damage: str) -> None:
    backup = sealed(stage.root, stage.engine).id
    if damage == "the backup is damaged":
        (stage.root / f"backups/{backup}/files/docker-compose.yml").write_text("")
    elif damage == "the backup is gone":
        (stage.root / f"backups/{backup}").rename(stage.root / "elsewhere")
    with pytest.raises(Failed, match="THE RELEASE THAT RAN BEFORE COULD NOT BE BROUGHT BACK") as failure:
        stage.run(GATE, SwitchError("The disk is full."), backup=backup)
    assert failure.value.result == "broken" and f"-e rollback_to={backup}" in failure.value.message
    assert stage.journal and stage.journal.backup == backup


def test_an_interrupted_switch_is_gone_back_from_to_where_it_began(stage: Stage) -> None:
    first = sealed(stage.root, stage.engine).id
    journal.write(str(stage.root), Journal({"token": "dead"}, first, ["old"]))
    with pytest.raises(Failed) as failure:
        stage.run(plan.TreeError("nginx refuses"), None)
    assert failure.value.result == "restored" and first in failure.value.message and stage.journal is None
    assert "old" in stage.extra[0] and "old" in stage.extra[1]


def test_an_error_of_ours_is_told_as_it_is_and_any_other_one_with_its_kind() -> None:
    def inner() -> Any:
        raise ValueError("unexpected")

    assert transaction.describe(GATE) == "The health gate gave up: web died."
    with pytest.raises(ValueError) as error:
        inner()
    assert transaction.describe(error.value) == "ValueError (inner): unexpected"


OLD, NEW = pair("web.example.org"), pair("web.example.org")


@pytest.fixture
def exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """A certificate that this run has put in place of another one, before the switch."""
    live = tmp_path / "letsencrypt/live"
    live.mkdir(parents=True)
    monkeypatch.setattr(certificates_live, "LIVE", str(live))
    installed = Installed("web", str(live))
    installed.put(OLD)
    installed.exchange(NEW)
    return installed


def test_the_certificates_of_before_come_back_with_the_release_of_before(stage: Stage, exchanged: Installed) -> None:
    backup = sealed(stage.root, stage.engine).id
    with pytest.raises(Failed, match=r"Certificates of before that are served again: web\.") as failure:
        stage.run(GATE, None, backup=backup)
    assert (failure.value.result, exchanged.pair(), exchanged.before()) == ("restored", OLD, None)
    # Whoever issued them: the failed release may have brought another authority along.
    assert [(one.ca_file, one.certificates_on_disk) for one in stage.servers] == [("/new/ca.pem", False), (None, True)]


def test_they_come_back_also_where_the_release_does_not(stage: Stage, exchanged: Installed) -> None:
    with pytest.raises(Failed, match="COULD NOT BE BROUGHT BACK"):
        stage.run(GATE, SwitchError("The disk is full."), backup=sealed(stage.root, stage.engine).id)
    assert exchanged.pair() == OLD


@pytest.mark.parametrize("outcome", [None, GATE], ids=["it serves", "there is nothing to go back to"])
def test_otherwise_the_new_ones_stay(stage: Stage, exchanged: Installed, outcome: Exception | None) -> None:
    if outcome:
        with pytest.raises(Failed, match="There was no release before this one"):
            stage.run(outcome)
    else:
        stage.run(outcome, backup=sealed(stage.root, stage.engine).id)
    assert (exchanged.pair(), exchanged.before()) == (NEW, None if outcome is None else OLD)


def test_the_logs_of_the_failed_release_are_named_and_no_others(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    played = transaction.switch

    def switch(server: Server, *arguments: Any, **options: Any) -> Switched:
        server.logs.kept.append(f"/opt/rarebooks/logs/{len(stage.goals)}.json.gz")
        return played(server, *arguments, **options)

    monkeypatch.setattr(transaction, "switch", switch)
    with pytest.raises(Failed) as failure:
        stage.run(GATE, None, backup=sealed(stage.root, stage.engine).id)
    assert failure.value.facts["logs"] == ["/opt/rarebooks/logs/1.json.gz"]
    assert "The whole logs of the failed release's containers are kept below /opt/rarebooks/logs: 1.json.gz." in failure.value.message
    assert "ansible-playbook logs.yml -e logs_since=1h" in failure.value.message
