"""Renewals go on after a reboot, and after the distribution has brought another certbot."""

from __future__ import annotations

import subprocess
import sys

import authority
import server
from deployment import ROOT
from sites import SHOP_CERTIFICATE, WWW, due, served, timer_runs


def test_after_a_reboot_and_an_update_of_certbot() -> None:
    subprocess.run([sys.executable, "-m", "demo.server", "restart", "letsencrypt"], cwd=ROOT, check=True)
    authority.point_to(server.address())
    server.run("sh", "-c", "until docker inspect --format '{{.State.Health.Status}}' nginx_container | grep -q healthy; do sleep 0.2; done")
    assert server.run("systemctl", "is-active", "rarebooks-certificates.timer").strip() == "active"
    server.run("sh", "-c", "DEBIAN_FRONTEND=noninteractive apt-get install --yes --reinstall certbot > /dev/null")
    before = served(WWW)
    with due(SHOP_CERTIFICATE):
        code, journal = timer_runs()
    assert code == 0, journal
    assert served(WWW).serial != before.serial
