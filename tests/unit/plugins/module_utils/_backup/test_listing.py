"""Which backups there are, which one is "previous", and which go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import images, listing, prune
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError, store
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import containers
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from backup_support import NOON, PROJECT
from numbered_releases import Server


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_going_back_twice_goes_back_two_releases(server: Server) -> None:
    server.deploy(1)
    first, second = server.deploy(2), server.deploy(3)
    assert server.previous() == second
    server.deploy(2, "rolled back", "rollback")
    assert server.previous() == first
    server.deploy(1, "rolled back", "rollback")
    with pytest.raises(BackupError, match="first one the ledger knows, so there is nothing before it"):
        server.previous()


def test_previous_follows_the_ledger_and_not_the_age_of_files(server: Server) -> None:
    server.deploy(1)
    first = server.deploy(2)
    newest = server.seal()  # Of what is live, and newer than any other.
    assert newest != first and server.previous() == first


def test_previous_skips_what_failed(server: Server) -> None:
    server.deploy(1)
    first = server.deploy(2)
    server.deploy(3, "restored")
    assert server.previous() == first


def test_a_live_release_that_the_ledger_does_not_know_goes_back_to_the_newest_good_one(server: Server) -> None:
    server.deploy(1)
    server.deploy(2)
    newest = server.seal()
    (server.root / "docker-compose.yml").write_text("edited: by hand\n")
    assert server.previous() == newest


def test_an_ill_release_that_was_never_proven_is_not_good(server: Server) -> None:
    server.make_live(1)
    server.engine.run("web", "web:1", "sha256:" + "1" * 64, health="unhealthy")
    server.seal()
    server.make_live(2)
    with pytest.raises(BackupError, match="expected a good backup that differs from what is live, got none"):
        server.previous()
    server.ledger.append(ledger.entry(ledger.Run(), "restored", 1.0, release=server.backups[0].manifest.release))  # type: ignore[union-attr]
    assert server.previous() == server.backups[0].id


def test_an_unknown_backup_is_refused_with_what_there_is(server: Server) -> None:
    server.make_live(1)
    known = server.seal()
    with pytest.raises(BackupError, match=rf"^Backup 20200101_000000: expected one of {known} in .* Nothing has been changed"):
        listing.get(str(server.root), "20200101_000000")


def test_of_what_there_is_the_damaged_is_marked(server: Server) -> None:
    server.make_live(1)
    damaged = server.seal()
    (server.root / "backups" / damaged / "manifest.json").write_text("{}")
    with pytest.raises(BackupError, match=rf"expected one of {damaged} \(damaged\) in "):
        listing.get(str(server.root), "last")


def test_both_layouts_of_the_guide_are_found(server: Server) -> None:
    backups = Path(store(str(server.root)))
    backups.mkdir()
    (backups / "docker-compose.yml.backup.20241201_101010").write_text("flat")
    (backups / "nginx_prod.conf.backup.20241201_101010").write_text("twin")
    (backups / "20241202_101010").mkdir()
    (backups / "20241202_101010/docker-compose.yml").write_text("directory")
    (backups / "20241202_101010/nginx_prod.conf").write_text("nginx")
    (backups / ".last_backup").write_text("20241202_101010")
    (backups / "notes.txt").write_text("somebody's")
    found = {one.id: (one.kind, sorted(one.files or {})) for one in server.backups}
    files = ["docker-compose.yml", "nginx/nginx_prod.conf"]
    assert found == {"20241201_101010": ("legacy", files), "20241202_101010": ("legacy", files)}
    assert server.to_remove(keep=0) == []


def test_what_differs_from_live_is_told(server: Server) -> None:
    server.make_live(1)
    manifest = listing.get(str(server.root), server.seal()).manifest
    assert manifest and listing.differences(manifest, server.live) == []
    server.make_live(2)
    assert listing.differences(manifest, server.live) == ["docker-compose.yml", "image of web"]


def test_so_many_releases_are_kept(server: Server) -> None:
    ids = [server.deploy(number) for number in range(1, 9)][1:]
    assert server.to_remove(keep=5) == ids[:2]
    assert server.to_remove(keep=1) == ids[:-1]


def test_what_is_young_is_kept(server: Server) -> None:
    ids = [server.deploy(number) for number in range(1, 9)][1:]
    # Sealed at 13:00 and then every hour; a day ago it was 15:30.
    assert server.to_remove(keep=1, days=1, hours=24 + 3.5) == ids[:3]


def test_the_newest_good_one_and_the_live_one_are_never_removed(server: Server) -> None:
    server.deploy(1)
    server.deploy(2)
    good = server.deploy(3)
    server.engine.run("web", "web:3", "sha256:" + "3" * 64, health="unhealthy")
    live = server.seal()
    assert {good, live}.isdisjoint(server.to_remove(keep=0))


def test_a_backup_that_no_run_came_to_use_gives_way_to_the_next_of_the_same_release(server: Server) -> None:
    server.deploy(1)
    used = server.deploy(2)
    failed = [server.deploy(3, "restored") for _attempt in range(3)]
    assert server.to_remove(days=30, hours=20) == failed[:2]
    assert used not in server.to_remove(days=30, hours=20)


@pytest.mark.parametrize("result", ["interrupted", "broken"])
def test_a_backup_of_a_run_that_was_cut_off_stays_since_its_dump_may_be_the_only_one(server: Server, result: str) -> None:
    server.deploy(1)
    cut_off = [server.deploy(3, result) for _attempt in range(2)]
    assert set(cut_off).isdisjoint(server.to_remove(days=30, hours=20))


def test_images_go_with_their_backup_and_nothing_else_does(server: Server) -> None:
    server.deploy(1)
    gone = server.deploy(2)
    kept = server.deploy(3)
    server.engine.tags |= {"theirs:1": "sha256:theirs", "shop-backups:x": "sha256:theirs", "old:build": "sha256:build"}
    server.engine.labels["sha256:build"] = {containers.OWNER_LABEL: PROJECT}
    server.engine.labels["sha256:theirs"] = {containers.OWNER_LABEL: "another"}
    prune.remove(store(str(server.root)), gone)
    dropped = prune.drop_images(server.engine, PROJECT, server.backups, server.live)
    assert sorted(dropped) == ["old:build", f"shop-backup:{gone}-{1:012}"[:-12] + "0" * 12]
    assert {"theirs:1", "shop-backups:x", "web:1", "web:3"} <= server.engine.tags.keys()
    assert [tag for tag in server.engine.tags if tag.startswith("shop-backup:")] == [f"shop-backup:{kept}-{'0' * 12}"]


def test_an_image_in_use_stays(server: Server) -> None:
    server.make_live(1)
    identifier = server.seal()
    prune.remove(store(str(server.root)), identifier)
    del server.engine.tags["web:1"]  # As where somebody has pulled another image under that name.
    assert prune.drop_images(server.engine, PROJECT, [], server.live) == []


def test_a_removal_that_was_cut_off_is_finished_and_is_no_backup(server: Server) -> None:
    server.make_live(1)
    identifier = server.seal()
    directory = Path(store(str(server.root)))
    (directory / identifier).rename(directory / f".removing-{identifier}")
    assert server.backups == []
    prune.finish_removals(str(directory))
    assert list(directory.iterdir()) == []


def test_moved_names_are_found_and_put_back(server: Server) -> None:
    server.make_live(1)
    manifest = listing.get(str(server.root), server.seal()).manifest
    assert manifest
    server.engine.tags["web:1"] = "sha256:another"
    assert images.moved(server.engine, manifest.images) == {"web:1": f"sha256:{1:064}"}
    images.put_back(server.engine, images.moved(server.engine, manifest.images))
    assert server.engine.tags["web:1"] == f"sha256:{1:064}"


def test_an_image_that_is_gone_is_named(server: Server) -> None:
    server.make_live(1)
    manifest = listing.get(str(server.root), server.seal()).manifest
    assert manifest
    server.engine.tags.clear()
    with pytest.raises(BackupError, match=r"image web:1 \(sha256:000000000000, kept as shop-backup:.*\) of web is gone"):
        images.check(server.engine, manifest)


def test_the_bound_on_their_size_goes_before_number_and_age(server: Server) -> None:
    ids = [server.deploy(number) for number in range(1, 9)][1:]
    one = server.backups[0].manifest
    assert one
    # Room for three and a half: the newest three releases, though five of them and all of a month are to be kept.
    assert server.to_remove(keep=5, days=30, hours=20, most=one.size * 7 // 2) == ids[:-3]


def test_no_bound_removes_the_newest_the_newest_good_one_or_the_newest_dump_of_a_database(server: Server) -> None:
    server.deploy(1)
    dumped = server.deploy(2)
    good = server.deploy(3)
    (server.root / "docker-compose.yml").write_text("edited by hand\n")
    newest = server.deploy(4)
    database = {"name": "a", "user": "a", "schema_query": "", "schema": "", "dump": {"file": "a.dump"}, "proof_seconds": None}
    backups = server.backups
    for one in backups:
        if one.id == dumped and one.manifest:
            one.manifest.databases["db"] = database
    rule = prune.Rule(0, 0, 0)
    removed = prune.expired(backups, server.ledger, server.live.digest, rule, NOON + timedelta(hours=1000))
    assert removed == [] and {dumped, good, newest} == {one.id for one in backups}


def test_coming_near_the_bound_is_told(server: Server) -> None:
    server.deploy(1)
    server.deploy(2)
    size = sum(map(prune.size_of, server.backups))
    assert prune.crowded(server.backups, size * 2) == ""
    assert "stack_backup_max_size" in prune.crowded(server.backups, size)
    (server.root / "backups/20250101_000000").mkdir()
    (server.root / "backups/20250101_000000/dump").write_bytes(b"x" * 1000)
    assert sum(map(prune.size_of, server.backups)) == size + 1000  # Also a damaged one takes room.


def test_the_bound_is_a_part_of_the_disk_unless_given(server: Server) -> None:
    disk = shutil.disk_usage(server.root)
    assert prune.bound(str(server.root / "not/there"), 0)[0] == disk.total // 4
    assert prune.bound(str(server.root), 7)[0] == 7 << 20


def test_a_damaged_manifest_cannot_tell_which_images_it_needs_so_that_none_goes(server: Server) -> None:
    server.deploy(1)
    damaged = server.deploy(2)
    server.engine.tags |= {"old:build": "sha256:build"}
    server.engine.labels["sha256:build"] = {containers.OWNER_LABEL: PROJECT}
    (server.root / "backups" / damaged / "manifest.json").write_text("{}")
    assert prune.drop_images(server.engine, PROJECT, server.backups, server.live) == []
    assert "old:build" in server.engine.tags


def test_a_name_by_digest_that_only_a_registry_gives_back_is_refused_before_anything_is_touched(server: Server) -> None:
    server.make_live(1)
    name = "web@sha256:12"
    server.engine.running["web"]["Config"]["Image"] = name
    server.engine.tags[name] = server.engine.running["web"]["Image"]
    manifest = listing.get(str(server.root), server.seal()).manifest
    assert manifest
    images.check(server.engine, manifest)
    del server.engine.tags[name]
    with pytest.raises(BackupError, match=f"image {name} is there, but .* Run `docker pull {name}` on the server, then this again"):
        images.check(server.engine, manifest)


@pytest.mark.parametrize("keep", [min, max])
def test_a_prune_takes_names_which_are_put_back_and_images_which_are_named(server: Server, keep: Callable[[list[str]], str]) -> None:
    server.make_live(1)
    first = server.seal()
    server.make_live(2)
    server.seal()
    manifests = [one.manifest for one in server.backups if one.manifest]
    live = {tag: image for tag, image in server.engine.tags.items() if image == f"sha256:{2:064}"}
    assert len(live) == 2
    server.engine.prune(keep)
    pruned = dict(server.engine.tags)
    assert len(pruned) == 1
    in_place = partial(images.names_in_place, server.engine, server.engine.running.values(), manifests)
    with in_place(lend=True) as notes:
        # Compose finds what runs, and a run that changes nothing leaves nothing behind.
        assert server.engine.tags["web:2"] == f"sha256:{2:064}"
    assert server.engine.tags == pruned
    with in_place(lend=False) as again:
        pass
    # The backup's own tag too: its image may not go with the release that runs it now.
    assert server.engine.tags == live
    assert again == notes
    assert [note for note in notes if "web:2" in note] == ([] if keep is max else notes[:1])
    assert notes[-1].startswith("Backups that cannot be restored, ") and notes[-1].endswith(f": {first}")
    assert [images.gone(images.present(server.engine), one) == [] for one in manifests] == [False, True]


def test_a_name_that_was_lent_stays_where_another_run_has_begun_meanwhile(server: Server) -> None:
    server.make_live(1)
    server.engine.tags["kept:1"] = server.engine.tags.pop("web:1")
    lend = partial(images.names_in_place, server.engine, server.engine.running.values(), [], True)
    with lend(lambda: False):
        pass
    assert "web:1" not in server.engine.tags
    with lend(lambda: True):
        pass
    assert "web:1" in server.engine.tags


def test_no_name_is_taken_from_another_image(server: Server) -> None:
    server.make_live(1)
    server.engine.tags["web:1"] = "sha256:another"
    server.engine.tags["kept:1"] = server.engine.running["web"]["Image"]
    with images.names_in_place(server.engine, server.engine.running.values(), [], lend=False) as notes:
        assert notes == []
    assert server.engine.tags["web:1"] == "sha256:another"
