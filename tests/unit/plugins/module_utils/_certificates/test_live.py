"""A chain and its key change together: at no moment is there a pair that nginx would not start with."""

from __future__ import annotations

import os
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import live as certificates_live
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, Pair
from certificates import pair

OLD, NEW = pair("old.example.org"), pair("new.example.org")


@pytest.fixture
def live(tmp_path: Path) -> Path:
    directory = tmp_path / "letsencrypt/live"
    directory.mkdir(parents=True)
    return directory


def by_hand(live: Path, old: Pair) -> None:
    """Two plain files, as 0.2 and copying by hand leave them."""
    (live / "site").mkdir()
    (live / "site/fullchain.pem").write_bytes(old.chain)
    (live / "site/privkey.pem").write_bytes(old.key)


def by_certbot(live: Path, old: Pair) -> None:
    """A lineage of the distribution's certbot."""
    archive = live.parent / "archive/site"
    archive.mkdir(parents=True)
    (live / "site").mkdir()
    for file, data in (("fullchain", old.chain), ("privkey", old.key)):
        (archive / f"{file}1.pem").write_bytes(data)
        (live / f"site/{file}.pem").symlink_to(f"../../archive/site/{file}1.pem")


def by_us(live: Path, old: Pair) -> None:
    Installed("site", str(live)).put(old)


def by_the_local_ca(live: Path, old: Pair) -> None:
    """A plain chain over a key of ours, which the mode selfsigned leaves."""
    Installed("site", str(live)).put(Pair(NEW.chain, old.key))
    (live / "site/fullchain.pem").unlink()
    (live / "site/fullchain.pem").write_bytes(old.chain)


def nothing(live: Path, old: Pair) -> None:
    """A bare server."""


@pytest.mark.parametrize("before", [by_hand, by_certbot, by_us, by_the_local_ca, nothing])
def test_no_step_shows_a_chain_without_its_key(live: Path, monkeypatch: pytest.MonkeyPatch, before: Any) -> None:
    before(live, OLD)
    installed, seen = Installed("site", str(live)), list[Pair | None]()

    def watched(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            seen.append(installed.pair())
            done = real(*arguments, **options)
            seen.append(installed.pair())
            return done

        monkeypatch.setattr(os, name, call)

    for name in ("rename", "unlink", "symlink", "mkdir"):
        watched(name)
    assert installed.put(NEW) == (None if before is nothing else OLD)
    monkeypatch.undo()
    assert installed.pair() == NEW
    assert len(seen) > 6
    assert [one for one in seen if one not in ({None, NEW} if before is nothing else {OLD, NEW})] == []
    changes = [one for one, following in pairwise(seen) if one != following]
    assert len(changes) == 1


def test_the_key_is_private_and_both_are_links_through_one(live: Path) -> None:
    Installed("site", str(live)).put(NEW)
    directory = live / "site"
    assert stat.S_IMODE((directory / "privkey.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((directory / "fullchain.pem").stat().st_mode) == 0o644
    assert [os.readlink(directory / file) for file in ("fullchain.pem", "privkey.pem")] == ["current/fullchain.pem", "current/privkey.pem"]
    assert not os.path.isabs(os.readlink(directory / "current"))


def test_the_same_pair_again_changes_nothing(live: Path) -> None:
    installed = Installed("site", str(live))
    installed.put(NEW)
    before = {path: path.lstat().st_ctime_ns for path in live.parent.rglob("*")}
    assert installed.put(NEW) == NEW
    assert {path: path.lstat().st_ctime_ns for path in live.parent.rglob("*")} == before


def test_old_keys_are_removed_except_the_one_kept(live: Path) -> None:
    installed, third = Installed("site", str(live)), pair("third.example.org")
    for one in (OLD, NEW, third):
        installed.put(one)
    installed.forget(NEW)
    assert {path.name for path in (live.parent / "versions/site").iterdir()} == {NEW.version, third.version}


def test_the_distributions_renewal_is_put_aside(live: Path) -> None:
    by_certbot(live, OLD)
    (live.parent / "renewal").mkdir()
    for name in ("site", "mail"):
        (live.parent / f"renewal/{name}.conf").write_text("[renewalparams]\n")
    Installed("site", str(live)).put(NEW)
    assert sorted(path.name for path in (live.parent / "renewal").iterdir()) == [
        "mail.conf",
        "site.conf.replaced-by-rarebooks.platform",
    ]


def test_a_placeholder_covers_its_names_for_a_week() -> None:
    leaf = certificates_live.placeholder(["rare-books.ru", "www.rare-books.ru"]).leaf
    assert certificates_live.is_placeholder(leaf)
    assert not certificates_live.is_placeholder(NEW.leaf)
    assert leaf.covers("www.rare-books.ru")
    assert 6.9 < (leaf.not_after - leaf.not_before).total_seconds() / 86400 < 7.1


def test_what_a_backup_records(live: Path) -> None:
    Installed("site", str(live)).put(NEW)
    (live / "broken").mkdir()
    (live / "broken/fullchain.pem").write_text("no certificate\n")
    assert certificates_live.stated(str(live)) == {
        "broken": {},
        "site": {
            "serial": NEW.leaf.serial_hex,
            "issuer": "Test authority",
            "names": ["new.example.org"],
            "not_after": NEW.leaf.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
