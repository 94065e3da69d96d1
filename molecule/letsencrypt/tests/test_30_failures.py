"""Whatever fails, the certificate that is there goes on being served, and somebody is told."""

from __future__ import annotations

from collections.abc import Callable

import authority
import pytest
import server
from operators import Deployer
from sites import APEX, MESSENGER, SHOP_CERTIFICATE, WILDCARD, WWW, due, forget_pause, on_disk, record, served, timer_runs
from visitor import Visitor

BROKEN = "/opt/rarebooks/nginx/sites/broken.conf"


def test_a_site_that_nginx_refuses_keeps_the_old_certificate_and_costs_no_second_order() -> None:
    before, orders = served(MESSENGER), authority.orders()
    server.run("sh", "-c", f"echo 'server {{ no such directive; }}' > {BROKEN}")
    try:
        with due(WILDCARD):
            code, journal = timer_runs()
        assert code != 0
        assert f"rarebooks-letsencrypt: certificate {WILDCARD}: nginx in nginx_container refuses its configuration" in journal
        assert "broken.conf" in journal
        assert served(MESSENGER) == on_disk(WILDCARD) == before
    finally:
        server.run("rm", BROKEN)
    code, journal = timer_runs()
    assert code == 0, journal
    assert served(MESSENGER) == on_disk(WILDCARD) != before
    assert authority.orders() == orders + 1


def test_a_name_server_that_refuses_updates() -> None:
    before = served(MESSENGER)
    with due(WILDCARD):
        with authority.refusing_updates():
            code, journal = timer_runs()
        orders = authority.orders()
        assert code != 0
        assert f"certificate {WILDCARD}" in journal and "REFUSED" in journal
        pause = record(WILDCARD)["not_before"]
        assert f"no order is placed before {pause}" in journal
        # Mended at once, but an order that fails counts at the authority. By its lifetime it is not due yet: nobody is told of the pause.
        code, journal = timer_runs()
        assert (code, authority.orders()) == (0, orders), journal
        forget_pause(WILDCARD)
        code, journal = timer_runs()
        assert code == 0, journal
    assert served(MESSENGER).serial != before.serial


def test_a_name_the_authority_refuses_is_ordered_once(deploying: Deployer, watch: Callable[..., Visitor]) -> None:
    before, orders = served(WWW), authority.orders()
    names = {"rarebooks_server_names": [WWW, APEX, "blocked.test"]}
    with watch(WWW) as shop:
        done = deploying(names)
        assert done.code == 2
        pause = record(SHOP_CERTIFICATE)["not_before"]
        for told in ("issuance is forbidden by policy", "blocked.test", pause, "What is served has not been changed"):
            assert told in done.message()
        again = deploying(names)
        assert again.code == 2
        assert f"no order is placed before {pause}" in again.message()
    shop.assert_served(at_least=10)
    assert (served(WWW), authority.orders()) == (before, orders + 1)
    forget_pause(SHOP_CERTIFICATE)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"rarebooks_server_names": [WWW, "nowhere.rare-books.test"]}, "nowhere.rare-books.test on rarebooks-letsencrypt: expected DNS"),
        (
            {"maymessenger_server_names": [MESSENGER, "a.b.rare-books.test"]},
            "expected it to cover a.b.rare-books.test, which May Messenger",
        ),
        ({"certificates_declared": [{"name": "unused", "names": [WWW]}]}, "Certificate unused: expected a site that is served with it"),
    ],
)
def test_what_could_not_be_ordered_is_refused_before_anything_changes(refused: Deployer, variables: dict[str, object], told: str) -> None:
    orders = authority.orders()
    assert told in refused(variables).message()
    assert authority.orders() == orders


def test_an_authority_that_is_away_fails_a_deploy_that_needs_it_and_changes_nothing(deploying: Deployer) -> None:
    before = served(WWW)
    with authority.stopped():
        done = deploying({"certificates_renew": True})
        assert done.code == 2
        assert "ACME directory https://rarebooks-letsencrypt-authority:14000/dir: expected it to answer" in done.message()
        assert served(WWW) == before
        # Without a wish for another certificate nobody asks the authority.
        assert deploying({}).code == 0
    forget_pause(SHOP_CERTIFICATE)


def test_a_full_disk_costs_no_order() -> None:
    before, orders = served(WWW), authority.orders()
    server.run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", "/var/log/letsencrypt")
    try:
        with due(SHOP_CERTIFICATE):
            code, journal = timer_runs()
    finally:
        server.run("umount", "/var/log/letsencrypt")
    assert code != 0
    assert "/var/log/letsencrypt on rarebooks-letsencrypt: expected 16 MiB free" in journal
    assert (served(WWW), authority.orders()) == (before, orders)
