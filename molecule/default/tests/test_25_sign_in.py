"""Who guesses passwords is slowed down, and nobody else."""

import collections
import json

import pytest
from contract import MESSENGER, SHOP

# What proxy_auth_rate is by default: so many at once, and as many a minute.
RATE = 60
# Runs on the server, which so has another address to ask from, over one connection. It prints the answers' status and Retry-After.
GUESSER = """
import http.client, json, socket, ssl, subprocess, sys
server, source, host, stated, how_many = sys.argv[1:]
subprocess.run(["ip", "address", "replace", f"{source}/32", "dev", "lo"], check=True)
trusting = ssl.create_default_context()
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
connection = http.client.HTTPSConnection(host, context=trusting, timeout=10)
found = []
for number in range(int(how_many)):
    if connection.sock is None:
        plain = socket.create_connection((server, 443), timeout=10, source_address=(source, 0))
        connection.sock = trusting.wrap_socket(plain, server_hostname=host)
    headers = {"Content-Type": "application/json"}
    if stated:
        headers["X-Forwarded-For"] = f"203.0.113.{number % 250}, {stated}"
    connection.request("POST", "/api/auth/login", json.dumps({"phoneNumber": "+70000000000", "password": str(number)}), headers)
    answer = connection.getresponse()
    answer.read()
    found.append((answer.status, answer.headers.get("Retry-After")))
print(json.dumps(found))
"""


@pytest.fixture
def guess(host, address):
    """Guess so many passwords from an address; return how often which answer came."""

    def work(how_many, source, stated="", site=MESSENGER):
        done = host.run("python3 -c %s %s %s %s %s %s", GUESSER, address(), source, site, stated, str(how_many))
        assert done.rc == 0, done.stderr
        return collections.Counter(tuple(answer) for answer in json.loads(done.stdout))

    return work


@pytest.mark.parametrize(
    ("source", "stated"),
    [("198.18.0.1", ""), ("198.18.0.2", "198.51.100.20"), ("192.0.2.7", "198.51.100.21")],
    ids=["a visitor", "one who lies about the address", "one behind a balancer who lies"],
)
def test_guessing_is_refused_and_others_sign_in(guess, web, written, source, stated):
    answers = guess(500, source, stated)
    let_through = answers.pop((400, None))
    # While it guessed, more were due again.
    assert RATE <= let_through < RATE * 2
    assert set(answers) == {(429, "1")}
    assert written.account.log_in(web)


def test_each_site_counts_by_itself(guess):
    assert (429, "1") in guess(RATE * 3, "192.0.2.7", "198.51.100.30")
    assert (429, "1") not in guess(1, "192.0.2.7", "198.51.100.30", site=SHOP[1])


def test_only_signing_in_is_counted(web):
    answers = {web.get(f"https://{MESSENGER}/api/chats").status_code for _ in range(RATE * 3)}
    assert answers == {401}


def test_browsers_guess_no_types(web):
    for url in (
        f"https://{SHOP[1]}/",
        f"https://{SHOP[1]}/api/test/setup-status",
        f"https://{MESSENGER}/health",
        f"https://{MESSENGER}/none",
    ):
        assert web.get(url).headers["X-Content-Type-Options"] == "nosniff", url
