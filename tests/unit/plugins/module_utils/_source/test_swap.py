"""The exchange on the server: exact, and whole after a crash at any step."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._source import swap
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import ArchiveError
from ansible_collections.rarebooks.platform.plugins.module_utils._source.pack import pack
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import DEFAULT_LIMITS, Archive, inspect
from ansible_collections.rarebooks.platform.plugins.module_utils._source.swap import Place, install

OLD = {"Dockerfile": "FROM old\n", "src/gone.cs": "old\n", "src/kept.cs": "kept\n"}
NEW = {"Dockerfile": "FROM new\n", "src/kept.cs": "kept\n", "src/deep/new.cs": "new\n", "run.sh": "\n"}
REQUIRED = ["Dockerfile", "src/"]


def _zip(tmp_path: Path, name: str, files: dict[str, str]) -> Archive:
    for path, content in files.items():
        target = tmp_path / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    pack(str(tmp_path / name), str(tmp_path / f"{name}.zip"))
    return inspect(str(tmp_path / f"{name}.zip"), required=REQUIRED)


class Server:
    """A server with the old source live, and the new one waiting in a zip."""

    def __init__(self, tmp_path: Path) -> None:
        self.root, self.parent = tmp_path, tmp_path / "opt/app"
        self.old, self.new = _zip(tmp_path, "old", OLD), _zip(tmp_path, "new", NEW)
        self.place = Place.at(str(self.parent / "backend/"))
        self.install("old")

    def install(self, name: str) -> None:
        archive = {"old": self.old, "new": self.new}[name]
        zipped = str(self.root / f"{name}.zip")
        install(self.place, zipped, archive.sha256, archive.digest, REQUIRED, DEFAULT_LIMITS)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.parent.iterdir())


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_the_new_source_replaces_the_old_one_wholly(server: Server) -> None:
    old = os.umask(0o077)
    try:
        server.install("new")
    finally:
        os.umask(old)
    live = server.parent / "backend"
    files = {p.relative_to(live).as_posix(): p.read_text() for p in live.rglob("*") if p.is_file()}
    assert files == NEW
    assert server.place.manifest() == server.new.manifest
    folders = [live, *(p for p in live.rglob("*") if p.is_dir())]
    assert {stat.S_IMODE(p.stat().st_mode) for p in folders} == {0o755}
    assert server.names() == ["backend"]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda live: (live / "Dockerfile").write_text("FROM 0ld\n"),
        lambda live: (live / "src/left.cs").write_text(""),
        lambda live: (live / "src/gone.cs").unlink(),
        lambda live: (live / "Dockerfile").chmod(0o755),
        lambda live: (live / "link").symlink_to("/etc"),
        lambda live: Path(os.fsdecode(os.fsencode(live) + b"/a\xff")).write_text(""),
    ],
    ids=["edited", "added", "removed", "mode", "link", "no text"],
)
def test_drift_by_hand_is_a_difference_and_is_undone(server: Server, tamper: Callable[[Path], Any]) -> None:
    assert server.place.manifest() == server.old.manifest
    tamper(server.parent / "backend")
    assert server.place.manifest() != server.old.manifest
    server.install("old")
    assert server.place.manifest() == server.old.manifest


STEPS = ("mkdir", "rename", "fsync", "rmdir", "unlink", "chmod")


def _die_at(step: int, action: Callable[[], None]) -> bool:
    """Run an action in a child that dies, as by kill -9, before its nth change of the disk; tell whether it died."""
    child = os.fork()
    if child == 0:
        count = 0

        def dying(real: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                nonlocal count
                count += 1
                if count == step:
                    os._exit(9)
                return real(*args, **kwargs)

            return wrapper

        for name in STEPS:
            setattr(os, name, dying(getattr(os, name)))
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def test_a_crash_at_any_step_leaves_one_whole_source(tmp_path: Path) -> None:
    seen = set()
    for step in itertools.count(1):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        server = Server(tmp_path)
        if not _die_at(step, partial(server.install, "new")):
            break
        # What a check mode run reports, before anything is repaired, is what the repair brings back.
        predicted = server.place.manifest()
        assert predicted in (server.old.manifest, server.new.manifest)
        seen.add((server.place.interrupted, os.path.lexists(server.place.live), predicted == server.new.manifest))
        # Dying in the repair too must not hurt.
        _die_at(1 + step % 4, server.place.recover)
        server.place.recover()
        assert server.place.manifest() == predicted
        assert server.names() == ["backend"]
        server.install("new")
        assert server.place.manifest() == server.new.manifest
        assert server.names() == ["backend"]
    # Untouched, staged, between the two renames, and exchanged with the old one left over were all met.
    assert seen >= {(False, True, False), (True, True, False), (True, False, False), (True, True, True)}


def test_a_failure_between_the_renames_is_undone_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.rename

    def rename(source: str, target: str) -> None:
        if source == server.place.staged:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(OSError, match="Input/output"):
        server.install("new")
    assert server.place.manifest() == server.old.manifest
    assert server.names() == ["backend"]


def test_no_space_is_said_and_nothing_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack(_path: str, destination: str, *_rest: object) -> None:
        Path(destination, "half").write_text("")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(swap, "unpack", unpack)
    with pytest.raises(ArchiveError, match=r"No space left on device. Expected \d+ bytes for the files.*live source"):
        server.install("new")
    assert server.place.manifest() == server.old.manifest
    assert server.names() == ["backend"]


def test_files_that_did_not_reach_the_disk_never_go_live(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "unpack", lambda _path, destination, *_: Path(destination, "x").touch())
    with pytest.raises(ArchiveError, match="the files on disk are not the archive's"):
        server.install("new")
    assert server.place.manifest() == server.old.manifest


def test_an_archive_that_changed_on_the_way_is_refused(server: Server) -> None:
    zipped = str(server.root / "new.zip")
    with pytest.raises(ArchiveError, match="the archive's sha256 is not the one given"):
        install(server.place, zipped, server.old.sha256, server.old.digest, REQUIRED, DEFAULT_LIMITS)
    with pytest.raises(ArchiveError, match="the archive that arrived is another one"):
        install(server.place, zipped, None, server.old.digest, REQUIRED, DEFAULT_LIMITS)
    assert server.place.manifest() == server.old.manifest


@pytest.mark.parametrize("dest", ["/", "//", "relative/backend", ""])
def test_no_place_for_a_source(dest: str) -> None:
    with pytest.raises(ArchiveError, match="not a place for a source"):
        Place.at(dest)


def test_a_dest_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(ArchiveError, match=r"dest is in use. Expected a directory, or nothing yet, got a file"):
        Place.at(str(tmp_path / "file"))
    with pytest.raises(ArchiveError, match="got a symbolic link"):
        Place.at(str(tmp_path / "link"))
