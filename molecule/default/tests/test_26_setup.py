"""Who may set the shop up again, and look into its diagnostics, is whom the inventory lists: rarebooks_setup_networks in hosts.yml."""

import json

import pytest
from apps import SHOP_URL
from contract import SHOP

# Runs on the server, which so has another address to ask from. It prints the status of each path, over HTTP and HTTPS.
VISITOR = """
import http.client, json, socket, ssl, subprocess, sys
server, source, host, stated, *paths = sys.argv[1:]
subprocess.run(["ip", "address", "replace", f"{source}/32", "dev", "lo"], check=True)
trusting = ssl.create_default_context()
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
found = {}
for port in (80, 443):
    for path in paths:
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.sock = socket.create_connection((server, port), timeout=10, source_address=(source, 0))
        if port == 443:
            connection.sock = trusting.wrap_socket(connection.sock, server_hostname=host)
        connection.request("GET", path, headers={"X-Forwarded-For": stated} if stated else {})
        found.setdefault(path, []).append(connection.getresponse().status)
        connection.close()
print(json.dumps(found))
"""
CLOSED = ["/api/setup/initialize", "/api/SETUP/initialize", "/api/setup", "/api/%73etup/initialize", "//api/setup/initialize"]
# Over HTTP these are led to HTTPS, where ASP.NET would take them for the same.
CLOSED_OVER_HTTPS = ["/api/TelegramDiagnostics/status", "/api/telegramdiagnostics/status", "/api/TelegramDiagnostics"]
OPEN = ["/api/setupcheck/status", "/api/test/setup-status"]


@pytest.fixture
def visit(host, address):
    """Ask for paths from an address; return the status of each over HTTP and HTTPS."""

    def work(paths, source, stated=""):
        done = host.run("python3 -c %s %s %s %s %s " + " ".join(["%s"] * len(paths)), VISITOR, address(), source, SHOP[0], stated, *paths)
        assert done.rc == 0, done.stderr
        return json.loads(done.stdout)

    return work


@pytest.mark.parametrize(
    ("source", "stated"),
    [("198.18.0.9", ""), ("198.18.0.9", "172.16.0.9"), ("192.0.2.7", "198.51.100.4")],
    ids=["alone", "lying", "by proxy"],
)
def test_a_stranger_is_kept_out_however_it_is_spelled(visit, source, stated):
    assert visit(CLOSED, source, stated) == {path: [403, 403] for path in CLOSED}
    assert visit(CLOSED_OVER_HTTPS, source, stated) == {path: [301, 403] for path in CLOSED_OVER_HTTPS}


def test_what_the_pages_ask_stays_open(visit):
    assert visit(OPEN, "198.18.0.9") == {path: [200, 200] for path in OPEN}


def test_who_is_listed_gets_through_also_behind_a_balancer(web, visit, shop_token):
    assert web.post(f"{SHOP_URL}/api/setup/initialize", json={}).status_code == 400
    assert visit(["/api/TelegramDiagnostics/status"], "192.0.2.7", "172.16.0.9") == {"/api/TelegramDiagnostics/status": [301, 200]}
