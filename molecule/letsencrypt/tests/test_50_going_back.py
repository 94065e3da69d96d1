"""A site that is removed loses its renewal and certificate, and has both back after a rollback. No rollback brings an old one."""

from __future__ import annotations

import json

import authority
import server
from operators import Deployer
from sites import DIRECTORY, MESSENGER, SHOP_CERTIFICATE, WILDCARD, WWW, on_disk, served, timer_runs


def renewals() -> list[str]:
    return server.run("ls", f"{DIRECTORY}/certbot/renewal").split()


def test_a_removed_site_and_back(deploying: Deployer) -> None:
    before = served(MESSENGER)
    assert deploying({"stack_apps": ["rarebooks"], "certificates_declared": []}).code == 0
    assert renewals() == [f"{SHOP_CERTIFICATE}.conf"]
    assert server.run("ls", "/etc/letsencrypt/live").split() == [SHOP_CERTIFICATE]
    kept = server.run("find", f"{DIRECTORY}/retired/{WILDCARD}", "-name", "privkey*.pem")
    assert kept != ""
    assert timer_runs()[0] == 0

    sealed = server.backups()[-1]
    manifest = json.loads(server.run("cat", f"/opt/rarebooks/backups/{sealed}/manifest.json"))
    assert manifest["certificates"][WILDCARD]["serial"].lstrip("0") == before.serial

    # Meanwhile the shop's certificate is renewed: going back must not bring the old one.
    assert deploying({"certificates_renew": True}, playbook="certificates.yml").code == 0
    newer, orders = served(WWW), authority.orders()
    assert manifest["certificates"][SHOP_CERTIFICATE]["serial"].lstrip("0") != newer.serial
    previewed = deploying({}, "--check", "--diff", playbook="rollback.yml")
    assert previewed.code == 0
    assert deploying({}, playbook="rollback.yml").code == 0
    assert served(MESSENGER) == on_disk(WILDCARD) == before
    assert served(WWW) == newer
    assert sorted(renewals()) == [f"{SHOP_CERTIFICATE}.conf", f"{WILDCARD}.conf"]
    assert authority.orders() == orders
    assert timer_runs()[0] == 0
    assert deploying({}).code == 0
