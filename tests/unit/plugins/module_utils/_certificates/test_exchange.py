"""An exchanged certificate stays once it is proven; until then the one proven last can come back, whatever died in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import exchange
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import live as certificates_live
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, Pair, placeholder
from certificates import pair
from crashes import killed_before

OLD, NEW, THIRD = pair("old.example.org"), pair("new.example.org"), pair("third.example.org")


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "letsencrypt/live"
    directory.mkdir(parents=True)
    monkeypatch.setattr(certificates_live, "LIVE", str(directory))
    return directory


def site(live: Path, proven: Pair) -> Installed:
    """A certificate as 0.3 or a hand left it: two plain files."""
    (live / "site").mkdir()
    (live / "site/fullchain.pem").write_bytes(proven.chain)
    (live / "site/privkey.pem").write_bytes(proven.key)
    return Installed("site", str(live))


def versions(installed: Installed) -> set[str]:
    return {path.name for path in Path(installed.versions).iterdir()}


def test_it_comes_back(live: Path) -> None:
    installed = site(live, OLD)
    assert installed.exchange(NEW) == OLD
    assert (installed.pair(), exchange.pending()) == (NEW, ["site"])
    assert exchange.restore() == ["site"]
    assert (installed.pair(), exchange.pending(), exchange.restore()) == (OLD, [], [])


def test_it_stays_once_it_is_proven(live: Path) -> None:
    installed = site(live, OLD)
    installed.exchange(NEW)
    exchange.settle()
    assert (exchange.pending(), exchange.restore(), installed.pair()) == ([], [], NEW)
    assert versions(installed) == {OLD.version, NEW.version}


def test_the_one_proven_last_comes_back_however_many_were_tried_since(live: Path) -> None:
    installed = site(live, OLD)
    installed.exchange(NEW)
    installed.exchange(THIRD)
    assert versions(installed) == {OLD.version, NEW.version, THIRD.version, "before"}
    assert exchange.restore() == ["site"]
    assert installed.pair() == OLD


def test_who_takes_his_files_back_has_nothing_to_prove(live: Path) -> None:
    installed = site(live, OLD)
    installed.exchange(NEW)
    installed.exchange(OLD)
    assert (exchange.pending(), installed.pair()) == ([], OLD)


def test_one_that_nginx_could_not_load_does_not_come_back(live: Path) -> None:
    installed = site(live, Pair(OLD.chain, THIRD.key))
    installed.exchange(NEW)
    assert (exchange.restore(), installed.pair(), exchange.pending()) == ([], NEW, [])


def test_the_first_certificate_has_none_before_it(live: Path) -> None:
    installed = Installed("site", str(live))
    assert installed.exchange(NEW) is None
    assert (exchange.pending(), exchange.restore(), installed.pair()) == ([], [], NEW)


@pytest.mark.parametrize("before", [pair("old.example.org", left=-1), placeholder(["old.example.org"])], ids=["expired", "placeholder"])
def test_what_is_of_no_use_does_not_come_back(live: Path, before: Pair) -> None:
    installed = site(live, before)
    installed.exchange(NEW)
    assert (exchange.restore(), exchange.pending(), installed.pair()) == ([], [], NEW)


def test_a_kill_at_any_moment_leaves_a_pair_and_the_way_back(live: Path) -> None:
    installed, operation = site(live, OLD), 1
    while killed_before(operation, lambda: installed.exchange(NEW)):
        found = installed.pair()
        assert found in (OLD, NEW)
        # What the next run does: the same again, or back.
        assert exchange.restore() == (["site"] if found == NEW else [])
        assert (installed.pair(), exchange.pending()) == (OLD, [])
        operation += 1
    assert (operation > 10, installed.pair()) == (True, NEW)


@pytest.mark.parametrize("act", ["restore", "settle"])
def test_a_kill_in_the_second_half_is_made_up_for(live: Path, act: str) -> None:
    installed, operation, end = site(live, OLD), 1, OLD if act == "restore" else NEW
    installed.exchange(NEW)
    while killed_before(operation, getattr(exchange, act)):
        assert installed.pair() in (NEW, end)
        getattr(exchange, act)()
        assert (installed.pair(), exchange.pending()) == (end, [])
        installed.exchange(OLD)
        exchange.settle()
        installed.exchange(NEW)
        operation += 1
    assert operation > 1 and installed.pair() == end
