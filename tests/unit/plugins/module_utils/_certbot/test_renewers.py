"""Who renews a certificate, what starts it, and whether it can succeed behind our proxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.renewers import Renewer, Renewers, warnings

# As certbot 2 writes it.
LINEAGE = """# renew_before_expiry = 30 days
version = 2.9.0
archive_dir = /etc/letsencrypt/archive/shop
[renewalparams]
account = 6e6f7420616e206163636f756e74
authenticator = {authenticator}
{more}server = https://acme-v02.api.letsencrypt.org/directory
"""
WEBROOT = "webroot_path = {0},\n[[webroot_map]]\nshop.example.org = {0}\n"
DEBIANS_CRON = (
    "0 */12 * * * root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew\n"
)
ACME_SH = (
    "Le_Domain='shop.example.org'\nLe_Webroot='{0}'\nLe_PreHook=''\nLe_RealKeyPath='/etc/letsencrypt/live/shop/privkey.pem'\n"
    "Le_RealFullChainPath='/etc/letsencrypt/live/shop/fullchain.pem'\n"
)


class Server:
    """A server's files, what systemd says, and what the engine says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.active = {"certbot.timer"}
        self.containers: list[dict[str, Any]] = []

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def lineage(self, authenticator: str, more: str = "") -> None:
        self.write("etc/letsencrypt/renewal/shop.conf", LINEAGE.format(authenticator=authenticator, more=more))

    def container(self, image: str, source: str = "/var/www/certbot", running: bool = True) -> None:
        mounts = [{"Source": "/etc/letsencrypt", "Destination": "/etc/letsencrypt"}, {"Source": source, "Destination": "/var/www/certbot"}]
        self.containers.append({"Name": "/renews", "Config": {"Image": image}, "State": {"Running": running}, "Mounts": mounts})

    def run(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        if argv[:2] == ["docker", "ps"]:
            return 0, "".join(f"{number} {one['Config']['Image']}\n" for number, one in enumerate(self.containers)), ""
        if argv[:3] == ["docker", "container", "inspect"]:
            return 0, json.dumps([self.containers[int(number)] for number in argv[3:]]), ""
        return 0, f"LoadState=loaded\nUnitFileState=enabled\nActiveState={'active' if argv[-1] in self.active else 'inactive'}\n", ""

    def renewer(self) -> Renewer:
        return Renewers(self.run, str(self.root)).of("shop")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_certbots_own_timer(server: Server) -> None:
    server.lineage("webroot", WEBROOT.format("/var/www/certbot"))
    found = server.renewer()
    assert str(found) == "certbot with the authenticator webroot, started by certbot.timer"
    assert warnings("shop", found) == []


@pytest.mark.parametrize(
    ("authenticator", "more", "obstacle"),
    [
        ("webroot", WEBROOT.format("/var/www/html"), "it leaves challenges in /var/www/html on the server"),
        ("standalone", "", "it has to listen on port 80 itself, which the proxy holds"),
        ("standalone", "pre_hook = docker stop nginx_container\n", ""),
        ("nginx", "installer = nginx\n", "it changes the configuration of nginx on the server itself, and nginx in the container"),
        ("apache", "", "it changes the configuration of apache"),
        ("manual", "", "it asks somebody at a terminal"),
        ("manual", "manual_auth_hook = /root/hook.sh\n", ""),
        ("dns-cloudflare", "dns_cloudflare_credentials = /root/cf.ini\n", ""),
    ],
)
def test_a_renewal_that_will_fail_is_named(server: Server, authenticator: str, more: str, obstacle: str) -> None:
    server.lineage(authenticator, more)
    found = server.renewer()
    assert found.obstacle.startswith(obstacle) and bool(found.obstacle) is bool(obstacle)
    texts = warnings("shop", found)
    assert [f"got certbot with the authenticator {authenticator}: {obstacle}" in text for text in texts] == [True] * bool(obstacle)
    assert all("or set certificates_mode: letsencrypt" in text for text in texts)


def test_a_hook_for_all_frees_the_port(server: Server) -> None:
    server.lineage("standalone")
    server.write("etc/letsencrypt/renewal-hooks/pre/stop.sh", "#!/bin/sh\ndocker stop nginx_container\n")
    assert server.renewer().obstacle == ""


@pytest.mark.parametrize(
    ("path", "text", "started_by"),
    [
        ("etc/cron.d/certbot", DEBIANS_CRON, ""),
        ("etc/cron.d/renew", "0 3 * * * root certbot renew --quiet\n", "/etc/cron.d/renew"),
        ("etc/cron.d/renew", "# 0 3 * * * root certbot renew --quiet\n", ""),
        ("etc/cron.daily/renew", "#!/bin/sh\ndocker run --rm certbot/certbot renew\n", "/etc/cron.daily/renew"),
        ("var/spool/cron/crontabs/root", "0 3 * * 1 /root/renew.sh >/dev/null\n", "/var/spool/cron/crontabs/root"),
        ("var/spool/cron/crontabs/root", "0 3 * * 1 /root/backup.sh\n", ""),
        ("etc/crontab", "0 3 * * * root certbot certificates\n", ""),
    ],
)
def test_cron(server: Server, path: str, text: str, started_by: str) -> None:
    server.active.clear()
    server.lineage("webroot", WEBROOT.format("/var/www/certbot"))
    server.write("root/renew.sh", "#!/bin/bash\n# certbot renew, once a week\n/usr/bin/certbot renew\n")
    server.write("root/backup.sh", "#!/bin/bash\n# not certbot renew\ntar c /root\n")
    server.write(path, text)
    found = server.renewer()
    assert found.started_by == started_by
    assert ["got no active timer, no line of cron and no running container" in text for text in warnings("shop", found)] == (
        [] if started_by else [True]
    )


def test_a_timer_that_somebody_wrote(server: Server) -> None:
    server.active = {"renew.timer", "rarebooks-certificates.timer"}
    server.lineage("dns-cloudflare")
    for name in ("renew", "rarebooks-certificates"):
        server.write(f"etc/systemd/system/{name}.timer", "[Timer]\nOnCalendar=daily\n")
        server.write(f"etc/systemd/system/{name}.service", "[Service]\nExecStart=/snap/bin/certbot -q renew\n")
    assert server.renewer().started_by == "renew.timer"
    server.active.remove("renew.timer")
    assert server.renewer().started_by == ""


@pytest.mark.parametrize(
    ("source", "obstacle"),
    [("/var/www/certbot", ""), ("/root/shop/certbot/www", "it leaves challenges in /root/shop/certbot/www on the server")],
)
def test_a_container_of_certbot(server: Server, source: str, obstacle: str) -> None:
    server.active.clear()
    server.lineage("webroot", WEBROOT.format("/var/www/certbot"))
    server.container("certbot/certbot:latest", source)
    found = server.renewer()
    assert (found.started_by, found.obstacle) == ("container renews", obstacle)
    server.containers[0]["State"]["Running"] = False
    assert server.renewer().started_by == ""


@pytest.mark.parametrize(
    ("how", "kind", "obstacle"),
    [
        ("/var/www/certbot", "webroot", ""),
        ("/usr/share/nginx/html", "webroot", "it leaves challenges in /usr/share/nginx/html"),
        ("no", "standalone", "it has to listen on port 80"),
        ("nginx:", "nginx", "it changes the configuration of nginx"),
        ("dns_cf", "dns_cf", ""),
    ],
)
def test_acme_sh(server: Server, how: str, kind: str, obstacle: str) -> None:
    server.write("root/.acme.sh/shop.example.org_ecc/shop.example.org.conf", ACME_SH.format(how))
    server.write("var/spool/cron/crontabs/root", '7 1 * * * "/root/.acme.sh"/acme.sh --cron --home "/root/.acme.sh" > /dev/null\n')
    found = server.renewer()
    assert (found.program, found.started_by, found.authenticator) == ("acme.sh", "/var/spool/cron/crontabs/root", kind)
    assert found.obstacle.startswith(obstacle) and bool(found.obstacle) is bool(obstacle)
    assert Renewers(server.run, str(server.root)).of("chat") == Renewer()


def test_nobody(server: Server) -> None:
    found = server.renewer()
    assert str(found) == "nobody known"
    (text,) = warnings("shop", found)
    assert text.startswith("Certificate shop: expected somebody who renews it, got neither /etc/letsencrypt/renewal/shop.conf nor")


def test_a_server_without_an_engine(server: Server) -> None:
    def run(argv: list[str], **options: Any) -> tuple[int, str, str]:
        if argv[0] == "docker":
            raise FileNotFoundError
        return server.run(argv, **options)

    server.lineage("nginx")
    assert Renewers(run, str(server.root)).of("shop").program == "certbot"
