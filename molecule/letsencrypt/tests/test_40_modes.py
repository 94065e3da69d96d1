"""From each mode to each other one, while both sites are used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import authority
import provided
import pytest
import server
from operators import Deployer
from sites import APEX, MESSENGER, SHOP_CERTIFICATE, WILDCARD, WWW, on_disk, served
from visitor import Visitor

ISSUERS = {"letsencrypt": "Pebble", "provided": "operator's own authority", "selfsigned": "RareBooks platform CA"}
# Every direction once.
WAY = ["selfsigned", "provided", "letsencrypt", "provided", "selfsigned", "letsencrypt"]


@pytest.fixture(scope="module")
def modes(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the operator's own root, which the server now trusts, and the variables of each mode."""
    own = provided.Authority.make()
    root = own.root.pem.decode()
    files = own.provide(tmp_path_factory.mktemp("provided"), {SHOP_CERTIFICATE: [WWW, APEX], WILDCARD: [MESSENGER]})
    server.run("tee", "/usr/local/share/ca-certificates/operator.crt", stdin=root)
    server.run("update-ca-certificates")
    others = {"selfsigned": {}, "provided": {"certificates_provided": files}, "letsencrypt": {}}
    return root, {mode: {"certificates_mode": mode, **variables} for mode, variables in others.items()}


def local_ca() -> str:
    return server.run("sh", "-c", "cat /opt/rarebooks/ca/ca.pem 2>/dev/null || true")


def test_every_switch_of_mode_is_one_nobody_notices(
    deploying: Deployer, watch: Callable[..., Visitor], modes: tuple[str, dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    root, variables = modes
    ordered, orders = served(WWW), authority.orders()
    # The local CA is made here, before anybody watches: nobody can trust a root that does not exist yet.
    assert deploying(variables["selfsigned"]).code == 0
    done = deploying({"certificates_renew": True}, playbook="certificates.yml")
    assert (done.code, "expected certificates that certbot has ordered, got none" in done.message()) == (2, True)
    assert deploying(variables["letsencrypt"]).code == 0
    everybody = tmp_path / "everybody.pem"
    everybody.write_text(authority.BUNDLE.read_text() + root + local_ca())
    for mode in WAY:
        with watch(WWW, root, local_ca()) as shop, watch(MESSENGER, root, local_ca()) as messenger:
            assert deploying(variables[mode]).code == 0, mode
        shop.assert_served(at_least=10)
        messenger.assert_served(at_least=10)
        for host, name in ((WWW, SHOP_CERTIFICATE), (APEX, SHOP_CERTIFICATE), (MESSENGER, WILDCARD)):
            found = served(host, str(everybody))
            assert ISSUERS[mode] in found.issuer
            assert found == on_disk(name)
        renewing = server.run("systemctl", "show", "--property=UnitFileState", "rarebooks-certificates.timer").strip()
        assert renewing == f"UnitFileState={'enabled' if mode == 'letsencrypt' else 'disabled'}"
    # What had been ordered came back each time, without another order.
    assert (served(WWW), authority.orders()) == (ordered, orders)
