# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies there already is not brought again, and nothing else stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import restore as offsite_restore
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.refresh import differs, mode_of, moment_of
from ansible_collections.rarebooks.platform.plugins.module_utils._run import restoring
from burnable import PICTURES, Server


@pytest.mark.parametrize(
    ("listed", "seconds", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 1, 0),
        ("1970-01-01T03:00:01.5+03:00", 1, 500000000),
        ("1970-01-01T00:00:01.123456789-00:00", 1, 123456789),
    ],
)
def test_moments(listed: str, seconds: int, nanoseconds: int) -> None:
    assert moment_of(listed) == seconds * 10**9 + nanoseconds


@pytest.mark.parametrize(("listed", "mode"), [(0o644, 0o644), (2151678461, 0o2775), (8389101, 0o4755), (1 << 31 | 1 << 20 | 0o777, 0o1777)])
def test_modes(listed: int, mode: int) -> None:
    assert mode_of(listed) == mode


@pytest.mark.parametrize("change", [{}, {"size": 2}, {"mtime": "2026-11-24T08:30:00.1Z"}, {"mode": 0o600}, {"uid": 7}, {"type": "symlink"}])
def test_a_file_is_the_same_by_all_that_is_listed_of_it(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    path.chmod(0o644)
    found = path.stat()
    offsite_restore.os.utime(path, ns=(0, moment_of("2026-11-24T08:30:00Z")))
    entry = {"type": "file", "size": 1, "mtime": "2026-11-24T08:30:00Z", "mode": 0o644, "uid": found.st_uid, "gid": found.st_gid}
    assert differs({**entry, **change}, str(path)) == bool(change)
    assert differs(entry, str(tmp_path / "none"))


def test_what_was_brought_ahead_is_brought_up_to_the_newest(settled: Server) -> None:
    ahead = settled.found().backup
    burned = {path: path.read_bytes() for path in settled.pictures.iterdir()}
    (settled.pictures / "two").write_text("of today")
    (settled.pictures / "one").unlink()
    settled.snapshot()
    newest = settled.found().backup
    settled.burn()
    brought = settled.restore_module(id=ahead, ahead=True)
    assert brought["backup"] == ahead and {path: path.read_bytes() for path in settled.pictures.iterdir()} == burned
    note = restoring.read(str(settled.root))
    assert note is not None and note.prepared
    assert "has not ended" in restoring.refusal(str(settled.root), "deploy")
    done = settled.restore_module()
    assert (done["backup"], done["brought"]) == (newest, ["files", f"volume {PICTURES}"]), done
    assert {path.name: path.read_text() for path in settled.pictures.iterdir()} == {"two": "of today"}
    note = restoring.read(str(settled.root))
    assert note is not None and not note.prepared
    assert not settled.rollback(newest, restore_database=True).get("failed")


def test_what_has_a_name_that_cannot_be_listed_comes_with_the_whole(settled: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one of an old archive: by the name that restic lists nothing would be found."""
    ahead = settled.found().backup
    (settled.pictures / "\ufffd.jpg").write_text("of an old archive")
    (settled.pictures / "one").unlink()
    settled.snapshot()
    settled.burn()
    settled.restore_module(id=ahead, ahead=True)
    monkeypatch.setattr(offsite_restore, "refresh", lambda *_given: pytest.fail("nothing is found by that name"))
    assert not settled.restore_module().get("failed")
    assert {path.name: path.read_text() for path in settled.pictures.iterdir()} == {"\ufffd.jpg": "of an old archive"}


def test_room_is_needed_for_what_is_not_there_yet(settled: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    older = settled.found().backup
    settled.snapshot()
    settled.burn()
    asked: list[int] = []
    monkeypatch.setattr(offsite_restore.seal, "require_space", lambda needs: asked.extend(needs.values()))
    settled.restore_module(id=older, ahead=True)
    settled.restore_module()
    assert [size for size in asked if size in (0, len("a picture"))] == [len("a picture"), 0]


def test_one_that_was_killed_goes_on_with_its_own_snapshot(settled: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is a newer one: only what was brought ahead waits for that."""
    older = settled.found().backup
    settled.snapshot()
    settled.burn()
    with monkeypatch.context() as patch:
        patch.setattr(offsite_restore, "put", lambda *_given: (_ for _ in ()).throw(BackupError("killed")))
        assert "killed" in settled.restore_module(id=older)["msg"]
    assert settled.restore_module()["backup"] == older != settled.found().backup
