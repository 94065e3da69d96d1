"""What is archived comes back whole."""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import TEMPORARY
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import archive
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import Certbot
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from certificates import pair
from crashes import killed_before
from lineages import files, settings, write


@pytest.fixture(params=["one file system", "two"])
def _volumes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive on the same volume as what nginx reads, or on another one, as where /opt is a volume of its own."""
    real = os.rename

    def rename(source: str, target: str) -> None:
        if (f"/{archive.RETIRED}/" in source) != (f"/{archive.RETIRED}/" in target):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, None, target)
        real(source, target)

    if request.param == "two":
        monkeypatch.setattr(os, "rename", rename)
        monkeypatch.setattr(os, "sync", lambda: None)  # Of all that the machine has to write.


def modes(root: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mode for path in root.rglob("*") if archive.RETIRED not in path.parts}


@pytest.mark.usefixtures("_volumes")
def test_there_and_back(tmp_path: Path) -> None:
    where, one = settings(tmp_path), pair("a.example.org")
    write(where, "site", one)
    write(where, "other", pair("b.example.org"))
    Installed("site", where.live).put(one)
    before, had = files(str(tmp_path)), modes(tmp_path)
    place = archive.put(where, "site", served=True)
    assert Certbot(where).names() == ["other"]
    assert Installed("site", where.live).pair() is None
    assert archive.newest(where, "site") == place
    assert archive.restore(where, "site")
    assert (files(str(tmp_path)), modes(tmp_path)) == (before, had)
    assert not archive.restore(where, "site")


def test_what_nginx_reads_stays_where_another_mode_serves(tmp_path: Path) -> None:
    where, one, provided = settings(tmp_path), pair("a.example.org"), pair("a.example.org")
    write(where, "site", one)
    Installed("site", where.live).put(provided)
    archive.put(where, "site", served=False)
    assert Installed("site", where.live).pair() == provided
    assert archive.restore(where, "site")
    assert Installed("site", where.live).pair() == provided
    lineage = Certbot(where).lineage("site")
    assert lineage
    assert lineage.pair == one


def test_another_fault_is_no_reason_to_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = settings(tmp_path)
    write(where, "site", pair("a.example.org"))

    def rename(*_arguments: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(PermissionError):
        archive.put(where, "site", served=True)


@pytest.mark.usefixtures("_volumes")
@pytest.mark.parametrize("dying", ["retire", "restore"])
def test_whenever_it_dies_nothing_is_lost_and_the_next_run_has_it_whole(tmp_path: Path, dying: str) -> None:
    operation, died = 0, True
    while died:
        operation += 1
        where, one = settings(tmp_path / str(operation)), pair("a.example.org")
        write(where, "site", one)
        Installed("site", where.live).put(one)
        before = files(str(tmp_path / str(operation)))
        if dying == "restore":
            archive.put(where, "site", served=True)
        act = partial(archive.put, where, "site", served=True) if dying == "retire" else partial(archive.restore, where, "site")
        died = killed_before(operation, act)
        assert set(Certbot(where).names()) <= {"site"}
        archive.restore(where, "site")
        # A part that was being copied or removed is there whole besides.
        found = {path: data for path, data in files(str(tmp_path / str(operation))).items() if TEMPORARY not in path}
        assert found == before, f"died before operation {operation}"
    assert operation > 5
