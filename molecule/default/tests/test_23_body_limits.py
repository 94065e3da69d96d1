"""Up to its limit a body reaches the app, one byte more is refused by the proxy."""

import http.client
import ssl

import pytest
from apps import SHOP_URL, bearer
from contract import MESSENGER, MIB, SHOP

LIMITS = [
    ("http", SHOP[0], "/api/test/echo", 10 * MIB),
    ("https", SHOP[0], "/api/test/echo", 10 * MIB),
    ("https", SHOP[1], "/api/telegram/update", MIB),
    ("https", SHOP[1], "/api/TelegramDiagnostics/report", 50 * MIB),
    ("https", MESSENGER, "/api/test/echo", 50 * MIB),
]
# No other endpoint of the shop's API reads a body that large.
OVER = [*LIMITS, ("https", SHOP[1], "/api/books", 50 * MIB), ("https", MESSENGER, "/hubs/chat", 50 * MIB)]


@pytest.mark.parametrize(("scheme", "host_name", "path", "limit"), LIMITS)
def test_a_body_at_the_limit_arrives(web, shop_token, scheme, host_name, path, limit):
    answer = web.post(f"{scheme}://{host_name}{path}", data=bytes(limit), timeout=60)
    assert (answer.status_code, answer.json()["bodyLength"]) == (200, limit)


def test_a_large_picture_arrives(web, shop_token):
    category = web.get(f"{SHOP_URL}/api/categories").json()[0]["name"]
    answer = web.post(
        f"{SHOP_URL}/api/books",
        headers=bearer(shop_token),
        data={"title": "Large", "price": "1", "category": category},
        files={"image": ("large.png", bytes(50 * MIB - 4096))},
        timeout=60,
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(("scheme", "host_name", "path", "limit"), OVER)
def test_one_byte_more_is_refused_by_the_proxy(ca, shop_token, scheme, host_name, path, limit):
    tls = ssl.create_default_context(cafile=ca)
    connection = (
        http.client.HTTPSConnection(host_name, context=tls, timeout=10)
        if scheme == "https"
        else http.client.HTTPConnection(host_name, timeout=10)
    )
    # The announcement alone has to do: the proxy must not wait for the body.
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(limit + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (413, "text/html")
    connection.close()
