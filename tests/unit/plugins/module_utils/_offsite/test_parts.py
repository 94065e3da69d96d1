# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One file or folder of a snapshot comes back beside what is there or in its place, and nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import parts
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.parts import INCOMING, Bringing, opened
from ansible_collections.rarebooks.platform.plugins.modules import snapshot_fetch
from burnable import PICTURES, Server


@pytest.fixture
def drawers(server: Server) -> Server:
    """Return the server with a snapshot that has a file in a folder, both of which are gone or changed since."""
    folder = server.pictures / "a"
    folder.mkdir(mode=0o750)
    folder.chmod(0o750)
    (folder / "voice").write_text("hello")
    server.snapshot()
    (folder / "voice").write_text("bye")
    return server


def bringing(server: Server, in_place: bool = False) -> Bringing:
    return Bringing(server.settings, server.engine.client, server.found(), "20261126_200000", in_place)


def content(server: Server) -> dict[str, str]:
    return {str(one.relative_to(server.pictures)): one.read_text() for one in sorted(server.pictures.rglob("*")) if one.is_file()}


@pytest.mark.parametrize("absolute", [False, True])
def test_beside(drawers: Server, absolute: bool) -> None:
    typed = str(drawers.pictures / "a" / "voice") if absolute else f"{PICTURES}/a/voice"
    one = bringing(drawers)
    beside = f"a/voice.from_{one.one.backup}"
    one.run(typed)
    assert content(drawers) == {"one": "a picture", "a/voice": "bye", beside: "hello"}
    assert (one.places, one.kept, one.files, one.size) == ([str(drawers.pictures / beside)], [], 1, 5)
    with pytest.raises(BackupError, match="expected nothing there yet, got what was brought before"):
        bringing(drawers).run(typed)


def test_in_place_keeps_what_was_there(drawers: Server) -> None:
    one = bringing(drawers, in_place=True)
    one.run(f"{PICTURES}/a/voice")
    assert content(drawers) == {"one": "a picture", "a/voice": "hello", "a/voice.before_20261126_200000": "bye"}
    assert one.kept == [str(drawers.pictures / "a/voice.before_20261126_200000")]


@pytest.mark.parametrize("able", [True, False])
@pytest.mark.parametrize("what", ["a/voice", "a"])
def test_killed_at_any_point_something_is_in_its_place(drawers: Server, monkeypatch: pytest.MonkeyPatch, what: str, able: bool) -> None:
    """Where the disk can exchange names; where it cannot, both are there under some name."""
    met = []

    def rename(*names: Any, **where: Any) -> None:
        real(*names, **where)
        met.append(((drawers.pictures / what).exists(), sorted(set(content(drawers).values()))))

    real = os.rename
    monkeypatch.setattr(parts.os, "rename", rename)
    if not able:
        monkeypatch.setattr(parts, "_RENAME_EXCHANGE", 1 << 10)
    bringing(drawers, in_place=True).run(f"{PICTURES}/{what}")
    assert content(drawers)["a/voice"] == "hello"
    assert len(met) == (1 if able else 4) and all(there for there, _all in met) == able
    assert all(found == ["a picture", "bye", "hello"] for _there, found in met)


def test_half_of_a_volume_is_told_as_such(drawers: Server, settled: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(source: Any, target: Any, **where: Any) -> None:
        if str(source).endswith("/one"):
            raise OSError(28, "No space left on device")
        real(source, target, **where)

    real = os.rename
    monkeypatch.setattr(parts.os, "rename", rename)
    settled.repository.store.calls.clear()
    done = call(settled, part=PICTURES, in_place=True)
    assert done["failed"] and done["changed"] and done["result"] == "failed"
    assert "_data/a came before it and stay, what was there is kept as" in done["msg"] and "No space left" in done["msg"]
    assert "Nothing has been changed" not in done["msg"] and settled.repository.store.calls.count("restore") == 1


def test_the_directory_of_kept_files_may_be_what_is_gone(drawers: Server) -> None:
    gone = drawers.root / "files"
    (gone / "nginx").mkdir(parents=True)
    (gone / "nginx" / "robots.txt").write_text("all")
    drawers.repository.store.held.clear()
    drawers.snapshot()
    one = bringing(drawers)
    shutil.rmtree(gone)
    one.run(f"{gone}/nginx/robots.txt")
    assert [place.read_text() for place in gone.rglob("robots*")] == ["all"]


def test_a_folder_that_is_gone_comes_back_with_those_above_it(drawers: Server) -> None:
    (drawers.pictures / "a" / "voice").unlink()
    (drawers.pictures / "a").rmdir()
    bringing(drawers, in_place=True).run(f"{PICTURES}/a/voice")
    assert content(drawers)["a/voice"] == "hello"
    assert not (drawers.pictures.parent / INCOMING).exists()


def test_folders_on_the_way_are_made_as_they_were(tmp_path: Path) -> None:
    was, root = tmp_path / "was" / "a" / "b", tmp_path / "root"
    was.mkdir(parents=True)
    root.mkdir()
    was.chmod(0o700)
    was.parent.chmod(0o751)
    with opened(str(root), "a/b", str(was)) as directory:
        assert os.fstat(directory).st_ino == (root / "a" / "b").stat().st_ino
    assert [stat.S_IMODE((root / name).stat().st_mode) for name in ("a", "a/b")] == [0o751, 0o700]


def test_all_of_a_volume_comes_thing_by_thing_into_the_directory_that_is_mounted(drawers: Server) -> None:
    inode = drawers.pictures.stat().st_ino
    one = bringing(drawers, in_place=True)
    one.run(PICTURES)
    assert drawers.pictures.stat().st_ino == inode
    assert content(drawers)["a/voice"] == "hello" and content(drawers)["a.before_20261126_200000/voice"] == "bye"
    assert one.places == [str(drawers.pictures / name) for name in ("a", "one")]


@pytest.mark.parametrize("typed", ["", "/etc/passwd", "nobodys/one", f"{PICTURES}/../../secret", "..", "/"])
def test_what_is_in_no_volume_is_refused(drawers: Server, typed: str) -> None:
    with pytest.raises(BackupError, match=f"expected a path in one of .*{PICTURES}"):
        bringing(drawers).run(typed)


def test_what_is_not_in_the_snapshot_is_refused(drawers: Server) -> None:
    with pytest.raises(BackupError, match="in it, got nothing of that name"):
        bringing(drawers).run(f"{PICTURES}/none")


def test_no_link_is_followed_on_the_way(drawers: Server) -> None:
    """An app may have put one where the folder was."""
    elsewhere = drawers.base / "elsewhere"
    elsewhere.mkdir()
    os.rename(drawers.pictures / "a", drawers.base / "a")
    (drawers.pictures / "a").symlink_to(elsewhere)
    with pytest.raises(BackupError, match=r"_data/a: expected a folder, got: "):
        bringing(drawers, in_place=True).run(f"{PICTURES}/a/voice")
    assert list(elsewhere.iterdir()) == []
    assert not (drawers.pictures.parent / INCOMING).exists()


def test_a_link_that_leads_nowhere_is_kept_like_anything_else(drawers: Server) -> None:
    (drawers.pictures / "a" / "voice").unlink()
    (drawers.pictures / "a" / "voice").symlink_to("nowhere")
    bringing(drawers, in_place=True).run(f"{PICTURES}/a/voice")
    assert (drawers.pictures / "a" / "voice.before_20261126_200000").is_symlink()


def test_a_volume_that_is_not_here_is_told(drawers: Server) -> None:
    drawers.engine.volume_names.discard(PICTURES)
    with pytest.raises(BackupError, match=f"Volume {PICTURES}: expected it on shop, got none.*restore_server.yml"):
        bringing(drawers).run(f"{PICTURES}/one")


def call(server: Server, **options: Any) -> dict[str, Any]:
    with patch_module_args({"path": str(server.root), "directory": "/x", **options}), pytest.raises(SystemExit):
        snapshot_fetch.main()
    result: dict[str, Any] = json.loads(server._capsys.readouterr().out)
    return result


def test_the_module_looks_first_and_takes_the_next_repository(drawers: Server, settled: Server) -> None:
    looked = call(settled, part=f"{PICTURES}/a/voice", _ansible_check_mode=True)
    everything = call(settled, part=PICTURES, _ansible_check_mode=True)
    assert [os.path.basename(place) for place in everything["places"]] == [f"{name}.from_{looked['backup']}" for name in ("a", "one")]
    assert looked["files"] == 1 and looked["places"][0].endswith("a/voice.from_" + looked["backup"])
    assert content(drawers) == {"one": "a picture", "a/voice": "bye"}
    settled.repository.broken["restore"] = "damaged"
    assert "it is damaged" in call(settled, part=f"{PICTURES}/a/voice")["msg"]
    settled.repository.broken.clear()
    done = call(settled, part=f"{PICTURES}/a/voice", in_place=True)
    assert done["changed"] and content(drawers)["a/voice"] == "hello" and len(done["kept"]) == 1
