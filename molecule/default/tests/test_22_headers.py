"""The apps learn who asks, for which site and how; and it is the proxy who tells them, not the client."""

import socket

import pytest
from contract import MESSENGER, SHOP

LIES = {"X-Real-IP": "203.0.113.9", "X-Forwarded-For": "203.0.113.9, 203.0.113.10", "X-Forwarded-Proto": "gopher"}


@pytest.fixture(scope="module")
def me(address):
    """The address that this machine has towards the server."""
    with socket.create_connection((address(), 443), timeout=5) as connection:
        return connection.getsockname()[0]


@pytest.mark.parametrize("lies", [{}, LIES], ids=["honest", "lying"])
@pytest.mark.parametrize(
    ("scheme", "host_name"),
    [("http", SHOP[0]), ("http", SHOP[1]), ("https", SHOP[0]), ("https", SHOP[1]), ("https", MESSENGER)],
)
def test_forwarded_headers(web, me, scheme, host_name, lies):
    headers = web.get(f"{scheme}://{host_name}/api/test/echo", headers=lies).json()["headers"]
    assert headers == {"Host": host_name, "X-Real-IP": me, "X-Forwarded-For": me, "X-Forwarded-Proto": scheme}


def test_no_version_is_told(web):
    assert web.get(f"https://{SHOP[1]}/").headers["Server"] == "nginx"
