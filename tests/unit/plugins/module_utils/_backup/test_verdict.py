"""What a backup is worth: good is what a run proved, not what happened to be healthy when it was sealed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing, verdict
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan
from backup_support import Engine
from numbered_releases import Server


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def said(server: Server, identifier: str) -> str:
    return str(verdict.verdict(listing.get(str(server.root), identifier), server.ledger))


def damage(server: Server) -> None:
    """Edit a file that is ours, as an operator does in a hurry; what runs stays healthy."""
    (server.root / "docker-compose.yml").write_text("services: {}  # edited by hand\n")


def test_what_a_run_proved_is_good(server: Server) -> None:
    server.deploy(1)
    assert said(server, server.deploy(2)) == "good"


def test_what_was_damaged_by_hand_before_it_was_sealed_drifted_and_is_passed_over(server: Server) -> None:
    server.deploy(1)
    first = server.deploy(2)
    damage(server)
    drifted = server.deploy(3)
    assert said(server, drifted) == "drifted: docker-compose.yml"
    assert server.previous() == first
    chosen = listing.get(str(server.root), first)
    assert verdict.passed_over(server.backups, server.ledger, server.live, chosen) == [f"{drifted} (drifted: docker-compose.yml)"]


@pytest.mark.parametrize("how", ["mode", "link", "gone"])
def test_drift_is_more_than_content(server: Server, how: str) -> None:
    server.deploy(1)
    path = server.root / "release.json"
    if how == "mode":
        path.chmod(0o666)
    else:
        path.unlink()
    if how == "link":
        path.symlink_to("docker-compose.yml")
    assert said(server, server.deploy(2)) == "drifted: release.json"


def test_a_drifted_backup_that_somebody_chose_and_that_served_is_good(server: Server) -> None:
    server.deploy(1)
    damage(server)
    drifted = server.seal()
    assert said(server, drifted) == "drifted: docker-compose.yml"
    server.ledger.append(ledger.entry(ledger.Run("x", "rollback"), "rolled back", 1.0, release=server.live.digest, to=drifted))
    assert said(server, drifted) == "good"


def test_one_whose_description_is_damaged_is_never_good(server: Server) -> None:
    """It serves, as its containers are those of before; but renewals read the file, and fail."""
    server.deploy(1)
    description = server.root / "release.json"
    description.write_text(description.read_text()[:20])
    damaged = server.seal()
    server.ledger.append(ledger.entry(ledger.Run("x", "rollback"), "rolled back", 1.0, release=server.live.digest, to=damaged))
    assert said(server, damaged) == "drifted: release.json"


def test_going_back_never_goes_forward(server: Server) -> None:
    server.deploy(1)
    damage(server)
    server.deploy(2)
    newer = server.deploy(3)
    server.deploy(2, "rolled back", "rollback")
    assert newer in [one.id for one in server.backups]
    # Before release 2 there is only a drifted one, and what came after it is no way back.
    with pytest.raises(BackupError, match="expected a good backup that differs from what is live, got none"):
        server.previous()


def test_a_release_made_by_hand_is_as_good_as_it_gets_where_all_of_it_ran(server: Server) -> None:
    server.make_by_hand(1)
    first = server.deploy(2)
    assert said(server, first) == "by hand" and server.previous() == first


def test_a_release_made_by_hand_of_which_a_part_was_ill_is_not_chosen(server: Server) -> None:
    server.make_by_hand(1)
    server.engine.run("chat", "chat:1", "sha256:" + "c" * 64, health="unhealthy")
    assert said(server, server.deploy(2)) == "not proven"


def test_a_failed_first_deploy_proves_nothing(server: Server) -> None:
    server.make_live(1)
    server.ledger.append(ledger.entry(ledger.Run("x"), "failed", 1.0))
    assert said(server, server.seal()) == "not proven"


def test_a_lost_ledger_takes_no_backup_with_it(server: Server) -> None:
    server.deploy(1)
    first = server.deploy(2)
    server.ledger.clear()
    assert said(server, first) == "good"


def test_nothing_innocent_makes_another_release_of_it(server: Server) -> None:
    server.deploy(1)
    proven = server.live.digest
    # Docker's re-tag, a prune of names, a restarted or recreated container, another configuration hash, another group.
    server.engine.run("web", "renamed:2", f"sha256:{1:064}")
    server.engine.running["web"]["Config"]["Labels"]["com.docker.compose.config-hash"] = "another"
    server.engine.running["web"]["State"]["Health"] = {"Status": "starting"}
    os.chown(server.root / "docker-compose.yml", -1, 12345)
    assert server.live.digest == proven


def test_a_ledger_and_backups_of_0_3_0_are_read_as_they_are(server: Server) -> None:
    server.deploy(1)
    first = server.deploy(2)
    lines = [json.dumps({key: value for key, value in entry.items() if value != ""}) for entry in server.ledger]
    (server.root / ledger.FILE).write_text("\n".join(lines) + "\n")
    server.ledger, unreadable = ledger.read(str(server.root))
    assert unreadable == 0 and said(server, first) == "good" and server.previous() == first


def test_a_tree_without_the_list_of_what_is_ours_is_another_release(server: Server) -> None:
    server.deploy(1)
    (server.root / plan.MANIFEST).unlink()
    assert said(server, server.deploy(2)) == "not proven"


def test_the_newest_backup_is_only_used_again_where_it_is_whole(server: Server) -> None:
    server.deploy(1)
    found = listing.get(str(server.root), server.seal())
    digest = server.live.digest
    assert listing.is_whole(server.engine, found, digest)
    assert not listing.is_whole(server.engine, found, "another release")
    assert not listing.is_whole(Engine(), found, digest)  # The images are gone.
    (Path(found.directory) / "files/docker-compose.yml").write_text("x")
    assert not listing.is_whole(server.engine, found, digest)


def test_of_a_server_set_up_by_hand_also_what_stands_where_ours_will_be_is_sealed(server: Server) -> None:
    server.make_by_hand(1)
    theirs = ("nginx_prod.conf", ".env", "app.env", "env/db.env", "compose/old.yml", "docker-compose.override.yml", "nginx/conf.d/a.conf")
    for name in theirs:
        (server.root / name).parent.mkdir(parents=True, exist_ok=True)
        (server.root / name).write_text("theirs")
    (server.root / "images").mkdir()
    (server.root / "images/photo.jpg").write_text("no part of a release")
    manifest = listing.get(str(server.root), server.seal()).manifest
    assert manifest and set(manifest.files) == {*theirs, "docker-compose.yml"}


@pytest.mark.parametrize("result", ["failed", "broken", "refused", "interrupted"])
def test_a_run_that_did_not_end_well_proves_no_release(server: Server, result: str) -> None:
    server.deploy(1)
    damage(server)
    server.ledger.append(ledger.entry(ledger.Run("x"), result, 1.0, release=server.live.digest))
    assert said(server, server.seal()) == "drifted: docker-compose.yml"


def test_of_a_release_that_was_deployed_twice_the_second_time_counts(server: Server) -> None:
    server.deploy(1)
    server.deploy(2)
    server.deploy(3)
    third = server.deploy(2)
    assert server.previous() == third
