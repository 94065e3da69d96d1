"""SignalR through nginx and TLS: the upgrade, Microsoft's own client, and tokens kept out of the logs."""

import json
import os
import shutil
import subprocess

import pytest
from apps import MESSENGER_URL, bearer
from contract import MESSENGER
from support import compose
from users import ROOT
from websocket import WebSocket


def test_the_upgrade_passes_the_proxy(ca, user_token):
    connection = WebSocket(MESSENGER, f"/hubs/chat?access_token={user_token}", ca)
    assert connection.answer.status == 101
    assert connection.answer.getheader("Upgrade").lower() == "websocket"
    assert connection.answer.getheader("Sec-WebSocket-Accept") == connection.expected_accept
    connection.send(b'{"protocol":"json","version":1}\x1e')
    assert connection.receive() == b"{}\x1e"
    connection.close()


def test_a_stranger_gets_no_upgrade(ca):
    connection = WebSocket(MESSENGER, "/hubs/chat", ca)
    assert connection.answer.status == 401
    connection.close()


def test_a_request_without_upgrade_is_an_ordinary_one(web, user_token):
    assert web.get(f"{MESSENGER_URL}/hubs/chat", headers=bearer(user_token)).status_code == 400


@pytest.fixture(scope="module")
def client():
    """Microsoft's client with its dependencies, in build/, installed again only when the lock file changed."""
    source, copy = ROOT / "tests" / "integration" / "signalr", ROOT / "build" / "signalr"
    lock = "package-lock.json"
    fresh = (copy / "node_modules").exists() and (copy / lock).read_bytes() == (source / lock).read_bytes()
    shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    if not fresh:
        shutil.rmtree(copy / "node_modules", ignore_errors=True)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=copy, check=True)
    return copy / "hub_round_trip.mjs"


def test_round_trip_with_the_official_client(client, address, ca, secrets):
    command = ["node", client, "--url", MESSENGER_URL, "--connect-to", address(), "--ca", ca]
    environment = os.environ | {"INVITE_CODE": secrets["maymessenger_invite_code"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rounds = {one["transport"]: one for one in json.loads(done.stdout)["rounds"]}
    assert rounds.keys() == {"webSockets", "negotiated"}
    assert all(one["receiveMessage"]["content"] for one in rounds.values())


def test_no_token_in_the_logs(host, web, user_token):
    web.get(f"http://{MESSENGER}/hubs/chat?a=b&Access_Token={user_token}")
    for name in ("access%5Ftoken", "%61ccess_token", "acc%65ss%5ftoke%6E", "%41CCESS_TOKEN"):
        # The app reads each of these as the token's name.
        for query in (f"{name}={user_token}", f"q=%D0%B0&{name}={user_token}"):
            web.get(f"{MESSENGER_URL}/hubs/chat?{query}", headers={"Referer": f"{MESSENGER_URL}/hubs/chat?{query}"})
    web.get(f"{MESSENGER_URL}/health?q=%D0%B0%2F%20")
    web.get(f"{MESSENGER_URL}/health", headers={"Referer": f"{MESSENGER_URL}/hubs/chat?access_token={user_token}"})
    logs = compose(host, "logs --no-color")
    # This one and the upgrade above; in Node the official client sends its token in a header.
    assert logs.count("/hubs/chat?(query)") >= 10
    assert "q=%D0%B0" not in logs  # Nor what else visitors ask: it is theirs.
    assert [line for line in logs.splitlines() if user_token in line or "access_token=" in line.lower()] == []
