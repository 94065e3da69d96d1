"""What is sealed comes back as it was, whatever it was, and any damage to it is found."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing, seal
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError, store
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import promote
from backup_support import NOON, PROJECT, Engine, sealed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Any name a file system takes, but no separator, no NUL, and none that means a directory; short enough for three of them.
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..")
)
MODES = st.sampled_from([0o600, 0o640, 0o644, 0o700, 0o755, 0o400])
CONTENTS = st.one_of(st.tuples(st.just("file"), st.binary(max_size=200), MODES), st.tuples(st.just("link"), NAMES, st.just(0)))
TREES = st.dictionaries(NAMES, st.one_of(CONTENTS, st.dictionaries(NAMES, CONTENTS, max_size=3)), max_size=5)


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Losing power is not what these tests do, and waiting for the disk is most of a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


def plant(directory: Path, tree: dict[str, Any]) -> None:
    directory.mkdir(exist_ok=True)
    for name, what in tree.items():
        path = directory / name
        if isinstance(what, dict):
            plant(path, what)
        elif what[0] == "link":
            path.symlink_to(what[1])
        else:
            path.write_bytes(what[1])
            path.chmod(what[2])


def picture(root: Path) -> dict[str, Any]:
    """Return every file of a tree but the list of ours, which a restored tree always has."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.split("/")[0] in ("backups", tree_plan.MANIFEST) or (path.is_dir() and not path.is_symlink()):
            continue
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes()
        found[name] = (content, 0 if path.is_symlink() else stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    return found


def restore(root: Path, identifier: str) -> None:
    backup = listing.get(str(root), identifier)
    target = switch_target.from_backup(backup, listing.check(backup)[0], only_what_served=False)
    plan = tree_plan.make(target.files, tree_plan.LiveTree(str(root)), target.owned)
    promote.apply(plan, lambda _tree: None)


def utf8(name: str) -> bool:
    try:
        return len(name.encode()) < 250
    except UnicodeEncodeError:
        return False


@given(tree=TREES, other=TREES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_tree_comes_back_as_it_was(tree: dict[str, Any], other: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "docker-compose.yml").write_text("services: {}\n")
        plant(root / "nginx", tree)
        before = picture(root)
        manifest = sealed(root, Engine(scratch))
        assert set(manifest.files) == set(before)
        # Something else stands there now, in the same places and in others.
        for path in sorted((root / "nginx").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        (root / "docker-compose.yml").write_text("services: {other: {}}\n")
        restore(root, manifest.id)
        assert picture(root) == before


@pytest.fixture
def one(tmp_path: Path) -> tuple[Path, str]:
    (tmp_path / "nginx").mkdir()
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    (tmp_path / "nginx/site.conf").write_text("server {}\n")
    engine = Engine(str(tmp_path))
    engine.run("web", "web:1", "sha256:" + "1" * 64)
    return tmp_path, sealed(tmp_path, engine).id


def sealed_files(directory: Path) -> list[Path]:
    return [path for path in sorted(directory.rglob("*")) if path.is_file()]


def test_every_single_changed_byte_is_found(one: tuple[Path, str]) -> None:
    root, identifier = one
    directory = Path(store(str(root))) / identifier
    checked = 0
    for path in sealed_files(directory):
        content = path.read_bytes()
        for position in range(len(content)):
            path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
            with pytest.raises(BackupError, match=path.name.removesuffix(".sha256")):
                listing.check(listing.get(str(root), identifier))
            checked += 1
        path.write_bytes(content)
    listing.check(listing.get(str(root), identifier))
    assert checked > 500


@pytest.mark.parametrize("how", ["truncated", "longer", "missing"])
def test_each_file_that_is_not_whole_is_named(one: tuple[Path, str], how: str) -> None:
    root, identifier = one
    directory = Path(store(str(root))) / identifier
    for path in sealed_files(directory):
        content = path.read_bytes()
        if how == "missing":
            path.unlink()
        else:
            path.write_bytes(content[:-1] if how == "truncated" else content + b"x")
        with pytest.raises(BackupError, match=path.name.removesuffix(".sha256")) as refusal:
            listing.check(listing.get(str(root), identifier))
        assert "Nothing has been changed" in str(refusal.value)
        path.write_bytes(content)


def test_a_backup_is_its_owners_alone(one: tuple[Path, str]) -> None:
    directory = Path(store(str(one[0]))) / one[1]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*") if path.is_file()}
    assert modes == {0o600} and stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_two_of_one_second_have_two_ids(one: tuple[Path, str]) -> None:
    root, first = one
    second = sealed(root, Engine(str(root))).id
    assert (first, second) == ("20261124_120000", "20261124_120001")
    # The guide's commands took ids as well.
    (root / "backups/docker-compose.yml.backup.20261124_120002").write_text("")
    assert sealed(root, Engine(str(root))).id == "20261124_120003"


def test_a_full_disk_is_found_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    monkeypatch.setattr(seal, "SPARE_BYTES", 1 << 60)
    with pytest.raises(BackupError, match=r"expected \d+ MiB free for the backup.*got \d+ MiB\. Nothing has been changed"):
        sealed(tmp_path, Engine(str(tmp_path)))
    assert list((tmp_path / "backups").iterdir()) == []


def test_what_a_dead_run_left_is_removed_and_is_no_backup(one: tuple[Path, str]) -> None:
    root, _first = one
    (root / "backups/.sealing-20261124_110000/files").mkdir(parents=True)
    assert [backup.id for backup in listing.find_all(str(root))] == [one[1]]
    sealed(root, Engine(str(root)), NOON + timedelta(minutes=1))
    assert not list((root / "backups").glob(".sealing-*"))


def test_the_same_release_has_the_same_digest_whenever_it_is_read(one: tuple[Path, str]) -> None:
    root, _identifier = one
    engine = Engine(str(root))
    assert live.read(str(root), PROJECT, engine).digest == live.read(str(root), PROJECT, engine).digest
    before = live.read(str(root), PROJECT, engine).digest
    (root / "nginx/site.conf").chmod(0o600)
    assert live.read(str(root), PROJECT, engine).digest != before
