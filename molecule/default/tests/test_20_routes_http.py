"""Port 80: the shop's set-up, the certificate challenge, and redirects for the rest."""

import secrets

import pytest
from contract import MESSENGER, SHOP

URIS = ["/", "/api/chats?skip=1&take=2", "/api/test", "/api/testing/echo", "/a%2Fb%20c?d=%26", "/.well-known/other"]


@pytest.mark.parametrize("host_name", SHOP)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/test/echo", 200), ("GET", "/api/setupcheck/status", 200), ("POST", "/api/setup/initialize", 400)],
)
def test_set_up_is_not_redirected(web, host_name, method, path, status):
    answer = web.request(method, f"http://{host_name}{path}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("host_name", [*SHOP, MESSENGER])
@pytest.mark.parametrize("uri", URIS)
def test_the_rest_is_redirected_with_host_and_uri(web, host_name, uri):
    answer = web.get(f"http://{host_name}{uri}")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{host_name}{uri}")


@pytest.mark.parametrize("path", ["/api/test/echo", "/api/setup/initialize", "/health", "/swagger"])
def test_the_messenger_answers_nothing_over_plain_http(web, path):
    assert web.get(f"http://{MESSENGER}{path}").status_code == 301


@pytest.fixture(scope="module")
def challenge(host):
    name = secrets.token_hex()
    directory = "/var/www/certbot/.well-known/acme-challenge"
    host.check_output("mkdir -p %s && echo proof > %s", directory, f"{directory}/{name}")
    yield f"/.well-known/acme-challenge/{name}"
    host.check_output("rm -r %s", directory)


@pytest.mark.parametrize("host_name", [*SHOP, MESSENGER, "unknown.example", ""])
def test_every_block_serves_the_challenge(web, address, challenge, host_name):
    headers = {"Host": host_name} if host_name else {}
    answer = web.get(f"http://{address()}{challenge}", headers=headers)
    assert (answer.status_code, answer.text) == (200, "proof\n")
    assert web.get(f"http://{address()}{challenge}x", headers=headers).status_code == 404
