"""Checks go on to the next part each time, only what is whole is pruned, and nothing is removed where that is forbidden."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import images, records
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.upkeep import Upkeep
from memory_repository import MemoryRepository


@pytest.fixture
def repository() -> MemoryRepository:
    return MemoryRepository()


def upkeep(tmp_path: Path, **more: object) -> Upkeep:
    common = {"host": "shop", "path": "/x", "project": "p", "secrets_file": "/s", "letsencrypt_path": "/l", "ca_path": "/c"}
    return Upkeep(Settings(**common, repositories=("x",), **more), str(tmp_path))  # type: ignore[arg-type]


def test_each_check_reads_the_next_part(tmp_path: Path, repository: MemoryRepository) -> None:
    one = upkeep(tmp_path, check_parts=3)
    for _time in range(4):
        one.run("check", repository)
    assert [call for call in repository.store.calls if "/" in call] == ["1/3", "2/3", "3/3", "1/3"]
    found = records.read(str(tmp_path)).of(repository.shown)
    assert found.check is not None
    assert (found.check.part, found.check.parts, found.troubles) == (1, 3, {})
    assert found.pruned


def test_another_number_of_parts_begins_at_the_first(tmp_path: Path, repository: MemoryRepository) -> None:
    upkeep(tmp_path, check_parts=3).run("check", repository)
    upkeep(tmp_path, check_parts=5).run("check", repository)
    upkeep(tmp_path).run("check-all", repository)
    assert [call for call in repository.store.calls if "/" in call] == ["1/3", "1/5", "1/1"]


def test_what_is_damaged_is_told_and_not_pruned(tmp_path: Path, repository: MemoryRepository) -> None:
    repository.broken["check"] = "damaged"
    one = upkeep(tmp_path)
    one.run("check", repository)
    assert one.failed == {repository.shown: f"Repository {repository.shown}: it is damaged."}
    found = records.read(str(tmp_path)).of(repository.shown)
    assert found.troubles["repository check"].kind == "damaged"
    assert "prune" not in repository.store.calls
    repository.broken = {}
    one.run("check", repository)
    assert records.read(str(tmp_path)).of(repository.shown).troubles == {}


@pytest.mark.parametrize("asked", ["check", "prune"])
def test_nothing_is_removed_from_a_store_that_forbids_it(tmp_path: Path, repository: MemoryRepository, asked: str) -> None:
    one = upkeep(tmp_path, append_only=True)
    one.run(asked, repository)
    assert not {"prune", "forget"} & set(repository.store.calls)
    assert one.failed == {}


def test_an_image_goes_with_the_last_snapshot_that_needs_it(repository: MemoryRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.backup_stream([b"x"], "image.tar", "shop", ["image:sha256:a"])
    repository.backup_stream([b"x"], "image.tar", "shop", ["image:sha256:b"])
    repository.backup([], "other", ["rarebooks", "uses:sha256:b"])
    assert images.forget_unused(repository) == 0, "another server may be about to bring what needs it"
    monkeypatch.setattr(images, "YOUNG", images.YOUNG * 0)
    assert images.forget_unused(repository) == 1
    assert [tag for one in repository.snapshots() for tag in one.tags] == ["image:sha256:b", "rarebooks", "uses:sha256:b"]
