"""Renewals, with nobody watching."""

from __future__ import annotations

import time
from collections.abc import Callable

import authority
import server
from operators import Deployer
from sites import MESSENGER, SHOP_CERTIFICATE, UNIT, WILDCARD, WWW, due, on_disk, served, timer_runs
from support import wait_until
from visitor import Visitor

# How long a visitor may see the old certificate after the renewal has begun.
SECONDS = 60


def test_a_forced_renewal_of_both_loses_no_request(deploying: Deployer, watch: Callable[..., Visitor]) -> None:
    before, orders, began = {host: served(host) for host in (WWW, MESSENGER)}, authority.orders(), time.monotonic()
    with watch(WWW) as shop, watch(MESSENGER) as messenger:
        done = deploying({"certificates_renew": True}, playbook="certificates.yml")
        after = {host: served(host) for host in (WWW, MESSENGER)}
        took = time.monotonic() - began
    assert done.code == 0
    assert all(after[host].serial != before[host].serial and after[host].names == before[host].names for host in before)
    assert took < SECONDS
    assert authority.orders() == orders + 2
    shop.assert_served(at_least=10)
    messenger.assert_served(at_least=10)
    print(f"renewed in {took:.1f} s, requests: {sum(shop.answers.values())} and {sum(messenger.answers.values())}, lost: 0")
    assert server.ledger()[-1]["result"] == "renewed"


def test_what_is_not_due_is_left_alone() -> None:
    before, orders = served(WWW), authority.orders()
    code, journal = timer_runs()
    assert code == 0, journal
    assert (served(WWW), authority.orders()) == (before, orders)


def test_an_authority_that_is_away_is_told_and_tried_again() -> None:
    before = served(WWW)
    with due(SHOP_CERTIFICATE):
        with authority.stopped():
            code, journal = timer_runs()
            assert code != 0
            assert f"rarebooks-letsencrypt: certificate {SHOP_CERTIFICATE}: ACME directory https://" in journal
            assert server.run("systemctl", "show", "--property=Result", UNIT).strip() == "Result=exit-code"
            assert served(WWW) == before
            told = server.ledger()[-1]
            assert (told["action"], told["result"]) == ("renewal", "failed")
        # It has forgotten our account meanwhile, as it forgets everything.
        code, journal = timer_runs()
    assert code == 0, journal
    after = served(WWW)
    assert after.serial != before.serial
    assert after == on_disk(SHOP_CERTIFICATE)


def test_the_timer_renews_what_is_about_to_expire(deploying: Deployer) -> None:
    with authority.validity(40):
        assert deploying({"certificates_renew": True}, playbook="certificates.yml").code == 0
        short = served(WWW)
    soon = "[Timer]\\nOnCalendar=\\nOnCalendar=*:*:0/5\\nRandomizedDelaySec=0\\nAccuracySec=1\\n"
    drop_in = "/run/systemd/system/rarebooks-certificates.timer.d"
    server.run("sh", "-c", f"mkdir -p {drop_in}; printf '{soon}' > {drop_in}/soon.conf; systemctl daemon-reload")
    server.run("systemctl", "restart", "rarebooks-certificates.timer")
    try:
        # The authority of the short ones is gone.
        both = (SHOP_CERTIFICATE, WILDCARD)
        wait_until(lambda: short.issuer not in {on_disk(name).issuer for name in both}, "both certificates to be renewed")
    finally:
        server.run("sh", "-c", f"rm -r {drop_in}; systemctl daemon-reload; systemctl restart rarebooks-certificates.timer")
    for name, host in ((SHOP_CERTIFICATE, WWW), (WILDCARD, MESSENGER)):
        end = server.run("openssl", "x509", "-in", f"/etc/letsencrypt/live/{name}/fullchain.pem", "-checkend", str(30 * 86400))
        assert "will not expire" in end
        assert served(host) == on_disk(name)
