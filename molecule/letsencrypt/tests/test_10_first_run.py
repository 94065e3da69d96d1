"""From a bare server to two valid certificates in one play, one by HTTP, one a wildcard by DNS."""

from __future__ import annotations

import re

import authority
import pytest
import server
from browser import open_page
from deployment import ROOT
from operators import Deployer
from sites import APEX, MESSENGER, SHOP_CERTIFICATE, WILDCARD, WWW, on_disk, record, served


def test_two_orders_were_enough() -> None:
    assert authority.orders() == 2


@pytest.mark.parametrize(
    ("host", "name", "names"),
    [
        (WWW, SHOP_CERTIFICATE, [APEX, WWW]),
        (APEX, SHOP_CERTIFICATE, [APEX, WWW]),
        (MESSENGER, WILDCARD, ["*.rare-books.test"]),
    ],
)
def test_each_host_is_served_with_its_certificate(host: str, name: str, names: list[str]) -> None:
    found = served(host)
    assert found == on_disk(name)
    assert (found.names, found.key_type) == (names, "ecdsa")
    assert "Pebble Intermediate CA" in found.issuer
    assert record(name)["result"] == "issued"


@pytest.mark.parametrize(
    ("url", "content"),
    [
        (f"https://{WWW}/", "RareBooks"),
        (f"https://{APEX}/", "RareBooks"),
        (f"https://{MESSENGER}/swagger/index.html", "May Messenger"),
    ],
)
def test_a_browser_shows_the_site_and_no_error(url: str, content: str) -> None:
    page = open_page(url, authority.root_certificate())
    assert page.error == ""
    assert content in page.dom


def test_a_browser_that_does_not_trust_the_authority_shows_an_error() -> None:
    other = server.run("cat", "/etc/ssl/certs/ISRG_Root_X1.pem")
    assert open_page(f"https://{WWW}/", other).error == "ERR_CERT_AUTHORITY_INVALID"


def test_keys_are_private() -> None:
    script = r"find -L /etc/letsencrypt /opt/rarebooks/letsencrypt -type f \( -name 'privkey*' -o -name '*.ini' -o -name '*key*.json' \)"
    files = server.run("sh", "-c", f"{script} -not -path /etc/letsencrypt/cli.ini -exec stat -L -c '%a %U %n' {{}} +").splitlines()
    assert len(files) > 6
    assert [line for line in files if not line.startswith(("600 root", "400 root"))] == []


def name_server_secret() -> str:
    text = (ROOT / "build/letsencrypt/rfc2136.ini").read_text()
    return re.search(r"secret = (\S+)", text)[1]  # type: ignore[index]


def test_the_name_servers_key_is_in_one_file_only() -> None:
    search = "grep --recursive --files-with-matches --fixed-strings --file=- /etc /opt /root /run /var/log /tmp || true"
    found = server.run("sh", "-c", search, stdin=name_server_secret())
    assert found.split() == ["/opt/rarebooks/letsencrypt/dns_credentials.ini"]


def test_only_our_timer_renews_them() -> None:
    timer = server.run("systemctl", "show", "--property=ActiveState,UnitFileState", "rarebooks-certificates.timer").split()
    assert timer == ["ActiveState=active", "UnitFileState=enabled"]
    assert server.run("sh", "-c", "ls /etc/letsencrypt/renewal/*.conf 2>/dev/null || true") == ""
    assert "No renewals were attempted" in server.run("certbot", "renew", "--no-random-sleep-on-renew")


def test_again_it_changes_nothing_and_orders_nothing(deploying: Deployer) -> None:
    before, orders = server.state(), authority.orders()
    # As talkative as can be: the name server's key must not be told then either.
    done = deploying({}, "--diff", "-vvv", given=[name_server_secret()])
    assert (done.code, done.recap()["changed"]) == (0, 0)
    assert server.difference(before, server.state()) == {}
    assert authority.orders() == orders
    # As with any other mode: what only compares finds nothing, so that nothing else is asked.
    assert done.output.count("Using module file") <= 7


def test_the_playbook_shows_them(deploying: Deployer) -> None:
    done = deploying({}, playbook="certificates.yml")
    assert done.code == 0
    for told in (WWW, "*.rare-books.test", "Pebble Intermediate CA", "89.9 days left", "next renewal: from", "last renewal: issued on"):
        assert told in done.output
