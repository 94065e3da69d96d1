"""A server that was set up by hand, and somebody who uses it all the while."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import server
from apps import Written, open_shop, write
from by_hand import INVITE_CODE, certificates
from support import Web, wait_until
from visitor import Visitor


@pytest.fixture(scope="session")
def by_hand_ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a browser has to trust before the take-over: here each certificate vouches for itself."""
    path = tmp_path_factory.mktemp("by_hand") / "ca.pem"
    path.write_text(certificates())
    return str(path)


def wait_serving(web: Web) -> None:
    """Wait for the databases, which no health check of this server waits for."""
    wait_until(lambda: web.shop_serves() and web.messenger_serves(), "both apps as they were set up by hand")


@pytest.fixture
def guest(by_hand_ca: str) -> Callable[[], Visitor]:
    """Return a function that makes somebody who uses the shop as it was set up by hand."""
    address = server.address()
    wait_serving(Web(by_hand_ca))
    return lambda: Visitor(address, by_hand_ca)


@pytest.fixture(scope="session")
def written_before(by_hand_ca: str) -> Written:
    """Something in every database and volume, written while nothing was ours yet."""
    web = Web(by_hand_ca)
    wait_serving(web)
    return write(web, INVITE_CODE, open_shop(web, "by hand"))


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory) -> Web:
    """A browser that trusts the CA of the deploy."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text(server.run("cat", "/opt/rarebooks/ca/ca.pem"))
    return Web(str(path))
