"""Fixture of visitors who watch a site while its certificates, or those of others, are exchanged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import authority
import pytest
import server
from sites import MESSENGER, WWW
from visitor import Visitor

PAGES = {WWW: ["/", "/api/test/setup-status"], MESSENGER: ["/health"]}


@pytest.fixture
def watch(tmp_path: Path) -> Callable[..., Visitor]:
    """Return a function that makes a visitor of a site, who trusts the authorities of this scenario and further ones (PEM)."""

    def make(host: str, *trusted: str) -> Visitor:
        ca_file = tmp_path / f"{host}.pem"
        ca_file.write_text("".join([authority.BUNDLE.read_text(), *trusted]))
        return Visitor(server.address(), str(ca_file), host, PAGES[host])

    return make
