"""The apps learn who asks, for which site and how; and it is the proxy who tells them, not the client."""

import json
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


# Runs on the server, which so has another address to ask from. It prints whom the app takes the visitor for.
BALANCER = """
import http.client, json, subprocess, sys
subprocess.run(["ip", "address", "replace", "192.0.2.7/32", "dev", "lo"], check=True)
connection = http.client.HTTPConnection(sys.argv[1], 80, timeout=5, source_address=(sys.argv[2], 0))
connection.request("GET", "/api/test/echo", headers={"Host": sys.argv[3], "X-Forwarded-For": sys.argv[4], "X-Forwarded-Proto": "gopher"})
print(json.dumps(json.loads(connection.getresponse().read())["headers"]))
"""


@pytest.mark.parametrize(
    ("source", "stated", "visitor"),
    [
        ("192.0.2.7", "198.51.100.4", "198.51.100.4"),
        ("192.0.2.7", "2001:db8::7", "2001:db8::7"),
        # What stands before the balancer's own word a visitor may have made up.
        ("192.0.2.7", "203.0.113.9, 198.51.100.4, 192.0.2.9", "198.51.100.4"),
        ("", "198.51.100.4", ""),
    ],
    ids=["a balancer", "over IPv6", "two balancers and a lie", "anybody else"],
)
def test_a_trusted_proxy_names_the_visitor(host, address, source, stated, visitor):
    done = host.run("python3 -c %s %s %s %s %s", BALANCER, address(), source or address(), SHOP[0], stated)
    assert done.rc == 0, done.stderr
    expected = visitor or address()
    assert json.loads(done.stdout) == {
        "Host": SHOP[0],
        "X-Real-IP": expected,
        "X-Forwarded-For": expected,
        "X-Forwarded-Proto": "http",
    }


@pytest.mark.parametrize("host_name", [SHOP[1], MESSENGER])
def test_large_cookies_pass_in_both_directions(web, host_name):
    """What ASP.NET sends to sign somebody in, and what his browser sends ever after."""
    answer = web.get(f"https://{host_name}/api/test/echo?setCookie=6144", headers={"Cookie": "session=" + "x" * 9216})
    assert answer.status_code == 200
    assert (len(answer.headers["Set-Cookie"]), answer.json()["cookieLength"]) == (6144, 9224)


def test_no_version_is_told(web):
    assert web.get(f"https://{SHOP[1]}/").headers["Server"] == "nginx"
