"""What a deploy has of its certificates before and after its release is live. certbot and nginx are fakes, the files are real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import archive, checks, ensure
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.checks import CheckError, NoProxy
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import Certbot
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.orders import Orders
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Wanted
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, Pair, is_placeholder, placeholder
from certificates import pair
from lineages import Program, issues, says, settings, write

SHOP = Wanted("shop", ["a.example.org"], hosts=["a.example.org"])
WILD = Wanted("wild", ["*.example.org"], "dns-01", hosts=["m.example.org"])


class Server:
    """A server with certbot and, unless it is bare, nginx."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = settings(root)
        self.proxy = True
        self.served: list[tuple[str, list[str]]] = []
        for name in ("disk", "resolution", "directory"):
            monkeypatch.setattr(checks, name, lambda *_arguments: None)
        monkeypatch.setattr(checks, "challenge", self.challenge)
        monkeypatch.setattr(ensure, "install", self.install)
        # What nginx has not read though it is on disk.
        self.unread: set[str] = set()
        monkeypatch.setattr(ensure, "is_needed", self.is_needed)

    def challenge(self, _settings: Any, wanted: Wanted) -> None:
        if wanted.challenge == "http-01" and not self.proxy:
            raise NoProxy("nothing answers on port 80")

    def install(self, _settings: Any, name: str, wanted: Pair, hosts: list[str], preparing: bool) -> bool:
        self.served.append((name, hosts))
        return self.at(name).put(wanted) != wanted

    def is_needed(self, _settings: Any, name: str, wanted: Pair, hosts: list[str]) -> bool:
        self.served.append((name, hosts))
        return name in self.unread or self.at(name).pair() != wanted

    def at(self, name: str) -> Installed:
        return Installed(name, self.settings.live)

    def orders(self, *answers: Any) -> tuple[Orders, Program]:
        program = Program(*answers)
        return Orders(self.settings, lambda _argv: (0, "[]", ""), Certbot(self.settings, program)), program


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


def leaf(server: Server, name: str) -> Any:
    found = trial.usable(server.at(name).pair())
    assert found
    return found


def test_a_bare_server_gets_a_placeholder_where_nginx_has_to_answer_first(server: Server) -> None:
    server.proxy = False
    wild = pair("*.example.org")
    orders, program = server.orders(issues(server.settings, "wild", wild, authenticator="dns-rfc2136"))
    done = ensure.prepare(orders, server.settings, [SHOP, WILD])
    assert (done.deferred, done.placeholders, done.orders) == (["shop"], ["shop"], {"wild": "there is none yet"})
    assert is_placeholder(leaf(server, "shop")) and leaf(server, "shop").covers("a.example.org")
    assert server.at("wild").pair() == wild
    # nginx has started.
    server.proxy = True
    shop = pair("a.example.org")
    orders, program = server.orders(issues(server.settings, "shop", shop))
    done = ensure.ensure(orders, server.settings, [SHOP, WILD])
    assert (done.orders, done.failed, done.installed) == ({"shop": "there is none yet"}, {}, ["shop"])
    assert (server.at("shop").pair(), len(program.asked)) == (shop, 1)


def test_where_the_proxy_runs_there_is_no_placeholder(server: Server) -> None:
    new = pair("a.example.org")
    orders, _program = server.orders(issues(server.settings, "shop", new))
    done = ensure.prepare(orders, server.settings, [SHOP])
    assert (done.placeholders, server.at("shop").pair()) == ([], new)


def test_a_placeholder_is_replaced_as_soon_as_the_proxy_answers(server: Server) -> None:
    new = pair("a.example.org")
    server.at("shop").put(placeholder(["a.example.org"]))
    orders, _program = server.orders(issues(server.settings, "shop", new))
    assert list(ensure.prepare(orders, server.settings, [SHOP]).orders) == ["shop"]
    assert server.at("shop").pair() == new


def test_what_serves_is_left_alone_until_the_release_is_live(server: Server) -> None:
    """Such as the certificate of the local CA that the mode before has left."""
    local, new = pair("a.example.org", issuer="local CA"), pair("a.example.org")
    server.at("shop").put(local)
    orders, program = server.orders(issues(server.settings, "shop", new))
    assert not ensure.prepare(orders, server.settings, [SHOP]).changed
    assert (server.at("shop").pair(), program.asked) == (local, [])
    assert ensure.ensure(orders, server.settings, [SHOP]).orders == {"shop": "there is none yet"}
    assert server.at("shop").pair() == new


def test_a_valid_certificate_that_lacks_a_name_is_never_given_up_for_a_placeholder(server: Server) -> None:
    old = pair("a.example.org")
    server.at("shop").put(old)
    wanted = Wanted("shop", ["a.example.org", "b.example.org"], hosts=["a.example.org", "b.example.org"])
    orders, _program = server.orders(says(1, "Detail: not allowed\n"))
    with pytest.raises(ensure.NotServable, match=r"to cover b\.example\.org, got a\.example\.org.*\n?.*not allowed") as error:
        ensure.prepare(orders, server.settings, [wanted])
    assert "What is served has not been changed" in str(error.value)
    assert server.at("shop").pair() == old


@pytest.mark.parametrize("left", [-1, 50])
def test_only_what_serves_nobody_gives_way_to_a_placeholder(server: Server, left: float) -> None:
    server.at("shop").put(pair("a.example.org", left=left))
    orders, _program = server.orders(says(1, "no"))
    done = ensure.prepare(orders, server.settings, [SHOP])
    assert done.placeholders == (["shop"] if left < 0 else [])


@pytest.mark.parametrize("chain", [b"", b"nothing", pair("a.example.org").chain], ids=["empty", "no certificate", "of another key"])
def test_a_broken_pair_is_replaced_by_what_certbot_has(server: Server, chain: bytes) -> None:
    whole = pair("a.example.org")
    server.at("shop").put(Pair(chain, whole.key))
    write(server.settings, "shop", whole)
    orders, _program = server.orders()
    assert not ensure.serves(server.settings, SHOP)
    done = ensure.prepare(orders, server.settings, [SHOP])
    assert (done.installed, done.orders, done.failed, done.placeholders) == (["shop"], {}, {}, [])
    assert server.at("shop").pair() == whole


@pytest.mark.parametrize("chain", [b"", b"nothing", pair("a.example.org").chain], ids=["empty", "no certificate", "of another key"])
def test_a_broken_pair_gives_way_to_a_placeholder_where_none_can_be_had(server: Server, chain: bytes) -> None:
    server.at("shop").put(Pair(chain, pair("a.example.org").key))
    orders, _program = server.orders(says(1, "Detail: refused\n"))
    done = ensure.prepare(orders, server.settings, [SHOP])
    assert (list(done.failed), done.placeholders) == (["shop"], ["shop"])
    assert is_placeholder(leaf(server, "shop"))


def test_one_that_fails_keeps_no_other_from_being_had(server: Server) -> None:
    orders, _program = server.orders(
        says(1, "Detail: refused\n"), issues(server.settings, "wild", pair("*.example.org"), authenticator="dns-rfc2136")
    )
    done = ensure.ensure(orders, server.settings, [SHOP, WILD])
    assert "refused" in done.failed["shop"]
    assert (list(done.failed), done.installed) == (["shop"], ["wild"])


def test_what_was_put_aside_comes_back_without_an_order(server: Server) -> None:
    old = pair("a.example.org")
    write(server.settings, "shop", old)
    archive.put(server.settings, "shop", served=True)
    orders, program = server.orders()
    done = ensure.ensure(orders, server.settings, [SHOP])
    assert (done.restored, done.orders, program.asked) == (["shop"], {}, [])
    assert server.at("shop").pair() == old


@pytest.mark.parametrize("names", [["a.example.org"], ["a.example.org", "b.example.org"]])
def test_whether_what_was_put_aside_fits_is_foretold(server: Server, names: list[str]) -> None:
    wanted = Wanted("shop", names, hosts=["a.example.org"])
    for one in (pair("older.example.org"), pair("a.example.org")):
        write(server.settings, "shop", one)
    archive.put(server.settings, "shop", served=True)
    orders, _program = server.orders(issues(server.settings, "shop", pair(*names)))
    previewed = ensure.preview(orders, server.settings, [wanted], [], lambda _argv: (0, "[]", ""))
    done = ensure.ensure(orders, server.settings, [wanted])
    assert (previewed.restored, previewed.orders, previewed.installed) == (done.restored, done.orders, done.installed)
    assert len(done.orders) == len(names) - 1


def test_what_no_site_needs_is_put_aside(server: Server) -> None:
    for name in ("shop", "gone"):
        write(server.settings, name, pair(f"{name}.example.org"))
        server.at(name).put(pair(f"{name}.example.org"))
    orders, _program = server.orders()
    done = ensure.CertificateChanges()
    ensure.archive_rest(orders, server.settings, [SHOP], done)
    assert (done.archived, orders.certbot.names(), server.at("gone").pair()) == (["gone"], ["shop"], None)
    assert server.at("shop").pair()


@pytest.mark.parametrize("forced", [[], ["shop"]])
def test_what_is_foretold_is_what_is_done(server: Server, forced: list[str]) -> None:
    shop = pair("a.example.org")
    write(server.settings, "shop", shop)
    server.at("shop").put(shop)
    write(server.settings, "gone", pair("gone.example.org"))
    answers = [issues(server.settings, "shop", pair("a.example.org"))] if forced else []
    orders, _program = server.orders(*answers, issues(server.settings, "wild", pair("*.example.org"), authenticator="dns-rfc2136"))
    previewed = ensure.preview(orders, server.settings, [SHOP, WILD], forced, lambda _argv: (0, "[]", ""))
    done = ensure.ensure(orders, server.settings, [SHOP, WILD], forced)
    ensure.archive_rest(orders, server.settings, [SHOP, WILD], done)
    assert (previewed.orders, previewed.archived) == (done.orders, done.archived)
    assert previewed.changed


def test_what_is_on_disk_and_not_served_is_foretold(server: Server) -> None:
    shop = pair("a.example.org")
    write(server.settings, "shop", shop)
    server.at("shop").put(shop)
    orders, _program = server.orders()
    assert not ensure.preview(orders, server.settings, [SHOP], [], lambda _argv: (0, "[]", "")).changed
    server.unread = {"shop"}
    assert ensure.preview(orders, server.settings, [SHOP], [], lambda _argv: (0, "[]", "")).installed == ["shop"]


def test_a_damaged_description_keeps_nobody_from_comparing(server: Server) -> None:
    """The deploy that is about to follow writes it anew."""
    write(server.settings, "shop", pair("a.example.org"))
    describe(server, "{")
    orders, _program = server.orders()
    assert ensure.preview(orders, server.settings, [SHOP], [], lambda _argv: (0, "[]", "")).installed == ["shop"]
    assert server.served == [("shop", [])]


def test_a_name_that_leads_elsewhere_is_foretold_to_fail(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_arguments: Any) -> None:
        raise CheckError("leads elsewhere")

    monkeypatch.setattr(checks, "resolution", elsewhere)
    orders, _program = server.orders()
    with pytest.raises(CheckError, match="leads elsewhere"):
        ensure.preview(orders, server.settings, [SHOP], [], lambda _argv: (0, "[]", ""))
    # What is renewed in any case is no reason to refuse a deploy.
    write(server.settings, "shop", pair("a.example.org", left=1))
    assert list(ensure.preview(orders, server.settings, [SHOP], [], lambda _argv: (0, "[]", "")).orders) == ["shop"]


def describe(server: Server, release: str) -> None:
    Path(server.settings.stack_path).mkdir()
    Path(server.settings.stack_path, "release.json").write_text(release)


def test_hosts_are_those_of_the_live_release(server: Server) -> None:
    sites = {"a": ["a.example.org"], "c": ["c.example.org"]}
    apps: list[dict[str, object]] = [
        {"name": name, "containers": [], "certificate": "shop", "server_names": names} for name, names in sites.items()
    ]
    apps.append({"name": "of 0.2.0", "containers": []})
    describe(server, json.dumps({"apps": apps}))
    write(server.settings, "shop", pair("a.example.org"))
    orders, _program = server.orders()
    ensure.ensure(orders, server.settings, [SHOP])
    ensure.preview(orders, server.settings, [SHOP], [], lambda _argv: (0, "[]", ""))
    assert server.served == [("shop", ["a.example.org", "c.example.org"])] * 2


def test_a_damaged_description_of_the_live_release_loses_no_order(server: Server) -> None:
    """It is written anew by the deploy, and the order has been placed."""
    describe(server, "{")
    new = pair("a.example.org")
    orders, _program = server.orders(issues(server.settings, "shop", new))
    done = ensure.ensure(orders, server.settings, [SHOP])
    assert (done.failed, done.installed, server.at("shop").pair()) == ({}, ["shop"], new)
