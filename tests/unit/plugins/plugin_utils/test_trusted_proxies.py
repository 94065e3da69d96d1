"""Only networks, and never everybody, may say who a visitor is."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _trusted_proxies


def test_addresses_and_networks() -> None:
    assert list(_trusted_proxies.problems(["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "::1"])) == []


@pytest.mark.parametrize("given", ["10.0.0.1/8", "10.0.0.0/33", "balancer.example.org", "10.0.0.0/8; deny all", "unix:", "", 7.5, None])
def test_anything_else_is_refused_by_value(given: object) -> None:
    (problem,) = _trusted_proxies.problems([given])
    assert problem.startswith(f"proxy_trusted_proxies: expected addresses and networks such as 192.0.2.7 or 10.0.0.0/8, got {given!r} (")


@pytest.mark.parametrize("given", ["0.0.0.0/0", "::/0"])
def test_everybody_is_refused(given: str) -> None:
    (problem,) = _trusted_proxies.problems([given])
    assert f"got {given}, which is everybody" in problem
