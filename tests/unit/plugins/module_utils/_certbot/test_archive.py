"""What is archived comes back whole."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import archive
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import Certbot
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from certificates import pair
from crashes import killed_before
from lineages import files, settings, write


def test_there_and_back(tmp_path: Path) -> None:
    where, one = settings(tmp_path), pair("a.example.org")
    write(where, "site", one)
    write(where, "other", pair("b.example.org"))
    Installed("site", where.live).put(one)
    before = files(str(tmp_path))
    place = archive.put(where, "site", served=True)
    assert Certbot(where).names() == ["other"]
    assert Installed("site", where.live).pair() is None
    assert archive.newest(where, "site") == place
    assert archive.restore(where, "site")
    assert files(str(tmp_path)) == before
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
        archive.restore(where, "site")
        assert files(str(tmp_path / str(operation))) == before, f"died before operation {operation}"
    assert operation > 5
