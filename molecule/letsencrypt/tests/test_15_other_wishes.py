"""Other names or another kind of key are one more order each, and nobody notices."""

from __future__ import annotations

from collections.abc import Callable

import authority
import server
from operators import Deployer
from sites import APEX, MESSENGER, SHOP_CERTIFICATE, WILDCARD, WWW, served
from visitor import Visitor

OTHERS = [
    {"name": WILDCARD, "names": ["*.rare-books.test"], "challenge": "dns-01", "key_type": "rsa"},
    {"name": SHOP_CERTIFICATE, "names": [APEX, WWW, MESSENGER]},
]


def test_names_and_key_type_are_ordered_anew(deploying: Deployer, watch: Callable[..., Visitor]) -> None:
    orders, before = authority.orders(), server.state()
    previewed = deploying({"certificates_declared": OTHERS}, "--check", "--diff")
    assert (previewed.code, authority.orders(), server.difference(before, server.state())) == (0, orders, {})
    with watch(WWW) as shop, watch(MESSENGER) as messenger:
        done = deploying({"certificates_declared": OTHERS})
    assert done.code == 0
    assert previewed.recap()["changed"] == done.recap()["changed"] == 1
    assert served(WWW).names == sorted(OTHERS[1]["names"])
    assert (served(MESSENGER).key_type, served(WWW).key_type) == ("rsa", "ecdsa")
    assert authority.orders() == orders + 2
    shop.assert_served(at_least=10)
    messenger.assert_served(at_least=10)


def test_and_back(deploying: Deployer) -> None:
    """Also the watch of what others renew goes, which another mode has left running."""
    watch = "rarebooks-certificates.path"
    server.run("systemctl", "enable", "--now", watch)
    orders = authority.orders()
    assert deploying({}).code == 0
    assert server.shell(f"systemctl is-enabled {watch} || true; systemctl is-active {watch} || true").split() == ["disabled", "inactive"]
    assert (served(MESSENGER).key_type, served(WWW).names) == ("ecdsa", [APEX, WWW])
    assert authority.orders() == orders + 2
