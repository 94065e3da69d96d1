"""From certificates that others renew to ours: certbot's own lineage goes on, without an order, where it is what is wanted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import ensure, inherit, install, plan
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import Certbot
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.orders import Orders
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings, Wanted
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, Pair
from certificates import pair
from lineages import DIRECTORY, Program, files, settings

SHOP = Wanted("shop", ["a.example.org"], hosts=["a.example.org"])
HAD = pair("a.example.org")
WEBROOT = "webroot_path = /srv/www,\npre_hook = docker stop nginx_container\n"
WEBROOT_MAP = "[[webroot_map]]\na.example.org = /srv/www\n"


def had(where: Settings, wanted: Pair, authenticator: str, more: str = "", server: str = DIRECTORY) -> None:
    """Write a lineage as the server's own certbot has it."""
    etc = Path(where.live).parent
    for directory in ("renewal", "archive/shop", "live/shop"):
        (etc / directory).mkdir(parents=True, exist_ok=True)
    for part, data in (("fullchain", wanted.chain), ("privkey", wanted.key)):
        (etc / f"archive/shop/{part}7.pem").write_bytes(data)
        (etc / f"live/shop/{part}.pem").symlink_to(f"../../archive/shop/{part}7.pem")
    (etc / "renewal/shop.conf").write_text(
        f"# renew_before_expiry = 30 days\nversion = 2.9.0\narchive_dir = {etc}/archive/shop\ncert = {etc}/live/shop/cert.pem\n"
        f"privkey = {etc}/live/shop/privkey.pem\nchain = {etc}/live/shop/chain.pem\nfullchain = {etc}/live/shop/fullchain.pem\n\n"
        f"[renewalparams]\naccount = 0123456789abcdef\nauthenticator = {authenticator}\n{more}server = {server}\nkey_type = ecdsa\n"
        + (WEBROOT_MAP if authenticator == "webroot" else "")
    )


@pytest.mark.parametrize(("authenticator", "more"), [("webroot", WEBROOT), ("standalone", ""), ("nginx", "installer = nginx\n")])
def test_what_is_wanted_is_inherited_without_an_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authenticator: str, more: str
) -> None:
    where, program = settings(tmp_path), Program()
    orders = Orders(where, lambda _argv: (0, "[]", ""), Certbot(where, program))
    monkeypatch.setattr(install, "runs", lambda _settings: False)
    had(where, HAD, authenticator, more)
    before = files(str(tmp_path))
    foretold = ensure.preview(orders, where, [SHOP], (), orders._run_command)
    assert (foretold.inherited, foretold.orders, files(str(tmp_path))) == (["shop"], {}, before)
    done = ensure.ensure(orders, where, [SHOP])
    assert (done.inherited, done.orders, done.failed, program.asked) == (["shop"], {}, {}, [])
    assert done.changed
    ours = orders.certbot.lineage("shop")
    assert ours and ours.pair == HAD == Installed("shop", where.live).pair()
    assert plan.reason(SHOP, ours, where, HAD.leaf.not_before) == ""
    # It answers as the proxy serves, and the distribution's certbot leaves it alone.
    root = orders.certbot.root
    conf = Path(root, "renewal/shop.conf").read_text()
    assert f"authenticator = webroot\nwebroot_path = {where.webroot},\n" in conf
    assert f"archive_dir = {root}/archive/shop\n" in conf and f"chain = {root}/live/shop/chain.pem\n" in conf
    assert "account = 0123456789abcdef" in conf and f"server = {DIRECTORY}" in conf
    assert not [word for word in ("/srv/www", "hook", "installer", f"{where.live}/") if word in conf]
    assert sorted(path.name for path in Path(where.live).parent.glob("renewal/*")) == ["shop.conf.replaced-by-rarebooks.platform"]
    assert all(
        os.path.realpath(Path(root, f"live/shop/{part}.pem")).startswith(f"{root}/archive/") for part in ("privkey", "cert", "chain")
    )
    again = ensure.ensure(orders, where, [SHOP])
    assert not again.changed and program.asked == []


@pytest.mark.parametrize(
    ("lineage", "wanted", "server"),
    [
        (pair("a.example.org", "old.example.org"), SHOP, DIRECTORY),
        (pair("old.example.org"), SHOP, DIRECTORY),
        (pair("a.example.org", key_type="rsa"), SHOP, DIRECTORY),
        (HAD, SHOP, "https://elsewhere.example/dir"),
        (HAD, Wanted("shop", ["a.example.org"], "dns-01"), DIRECTORY),
        (pair("a.example.org", left=1), SHOP, DIRECTORY),
        (Pair(b"junk", b"junk"), SHOP, DIRECTORY),
    ],
    ids=["more names", "other names", "another key", "another directory", "another challenge", "ends soon", "junk"],
)
def test_what_would_be_ordered_anyway_is_not(tmp_path: Path, lineage: Pair, wanted: Wanted, server: str) -> None:
    where = settings(tmp_path)
    had(where, lineage, "webroot", server=server)
    assert inherit.find(where, wanted) is None


def test_a_challenge_by_dns_stays_as_it_is(tmp_path: Path) -> None:
    where = settings(tmp_path)
    wanted = Wanted("shop", ["a.example.org"], "dns-01")
    had(where, HAD, "dns-rfc2136", "dns_rfc2136_credentials = /root/dns.ini\n")
    lineage = inherit.find(where, wanted)
    assert lineage
    inherit.take(where, lineage)
    conf = Path(Certbot(where).root, "renewal/shop.conf").read_text()
    assert "authenticator = dns-rfc2136\ndns_rfc2136_credentials = /root/dns.ini\n" in conf and "webroot" not in conf


def test_nothing_to_inherit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = settings(tmp_path)
    assert inherit.find(where, SHOP) is None
    had(where, HAD, "webroot")
    monkeypatch.setattr(type(inherit.CRYPTOGRAPHY), "is_missing", True)
    assert inherit.find(where, SHOP) is None
