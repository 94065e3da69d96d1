"""What went wrong is found in the logs, whoever wrote it, counted, without secrets, and also of containers that are gone."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import server
from printed import LOGS, LOGS_FAIL, LOGS_FOLLOW, LOGS_HOUR, LOGS_LINES, LOGS_OF
from terminal import type_in

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+ \| ", re.MULTILINE)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
BROKEN = """
for id in 41 42 43; do
  docker exec db_maymessenger psql -q -U postgres -d maymessenger -c "SELECT '$SECRET' FROM nothing WHERE id = $id" 2>/dev/null || true
done
docker exec maymessenger_backend sh -c 'printf "%s\\n" "fail: Marker.Of.This.Test[7]" "      It broke for 1234" \
  "      System.InvalidOperationException: boom" "         at Marker.Of.This.Test.Run()" > /proc/1/fd/1'
docker stop --time 1 rarebooks_frontend >/dev/null
python3 - <<END
import socket, ssl
for path in "ab":
    connection = socket.create_connection(("127.0.0.1", 443))
    with ssl._create_unverified_context().wrap_socket(connection, server_hostname="www.rare-books.ru") as site:
        site.sendall(f"GET /{path}?access_token=$TOKEN HTTP/1.1\\r\\nHost: www.rare-books.ru\\r\\nConnection: close\\r\\n\\r\\n".encode())
        site.recv(100)
END
docker start rarebooks_frontend >/dev/null
until [ "$(docker inspect -f '{{.State.Health.Status}}' rarebooks_frontend)" = healthy ]; do sleep 0.2; done
"""


def events(found: dict[str, Any], text: str) -> list[dict[str, Any]]:
    return [one for one in found["events"] if text in one["signature"]]


def document(output: str) -> dict[str, Any]:
    """Return the one JSON document that a run printed."""
    (line,) = [line for line in output.splitlines() if line.startswith("{")]
    loaded: dict[str, Any] = json.loads(line)
    return loaded


@pytest.fixture(scope="module")
def began() -> str:
    """Break things, and return when that began."""
    now = server.run("date", "-u", "+%Y-%m-%dT%H:%M:%SZ").strip()
    secret = server.secrets().pop()
    server.shell(f"SECRET='{secret}' TOKEN={TOKEN}\n{BROKEN}")
    return now


@pytest.fixture(scope="module")
def found(began: str) -> dict[str, Any]:
    done = type_in(f"{LOGS} -e logs_since={began} -e logs_format=json")
    assert done.code == 0 and [value for value in {*server.secrets(), TOKEN} if value in done.output] == []
    return document(done.output)


def test_the_statement_that_postgresql_refused(found: dict[str, Any]) -> None:
    (one,) = events(found, 'relation "…" does not exist')
    assert (one["container"], one["level"], one["count"]) == ("db_maymessenger", "error", 3)
    assert "STATEMENT:  SELECT '********' FROM nothing WHERE id = 43" in one["example"][-1]


def test_the_exception_of_an_app_is_one_event(found: dict[str, Any]) -> None:
    (one,) = events(found, "Marker.Of.This.Test")
    assert (one["count"], len(one["example"])) == (1, 4)
    assert one["signature"] == "fail: Marker.Of.This.Test: It broke for <n> (System.InvalidOperationException)"


def test_the_requests_that_the_proxy_could_not_pass_on(found: dict[str, Any]) -> None:
    failed = {(one["host"], one["path"], one["count"]) for one in found["requests"] if one["failed"]}
    assert {("www.rare-books.ru", "/a", 1), ("www.rare-books.ru", "/b", 1)} <= failed
    assert found["error_count"] >= 6 and found["problems"] == []


def test_a_person_sees_it_on_80_columns(began: str) -> None:
    done = type_in(LOGS_HOUR)
    shown = [line for line in done.output.splitlines() if line.startswith("    ")]
    assert done.code == 0 and max(map(len, shown)) <= 80
    assert "    ERROR db_maymessenger: " in done.output and "      | fail: Marker.Of.This.Test[7]" in done.output


def test_errors_fail_the_run_where_that_is_asked_for(began: str) -> None:
    done = type_in(LOGS_FAIL)
    assert done.code == 2 and "expected no error in the logs since " in " ".join(done.output.split())


def test_of_one_app_alone(began: str) -> None:
    done = type_in(LOGS_OF)
    assert done.code == 0 and " in the logs of db_maymessenger, maymessenger_backend" in " ".join(done.output.split())


def test_the_last_lines_as_they_are(began: str) -> None:
    done = type_in(LOGS_LINES)
    lines = [line for line in done.output.splitlines() if " nginx_container | " in line]
    assert done.code == 0 and 10 < len(lines) <= 100 and TOKEN not in done.output


@pytest.fixture
def heartbeat() -> Iterator[str]:
    """Have the messenger write a line every second while somebody looks, each with its number."""
    word = f"heartbeat {time.time_ns()}"
    script = f'touch /tmp/beat; n=0; while [ -e /tmp/beat ]; do n=$((n + 1)); echo "info: {word} $n" > /proc/1/fd/1; sleep 1; done'
    thread = threading.Thread(target=server.run, args=("docker", "exec", "maymessenger_backend", "sh", "-c", script))
    thread.start()
    yield word
    server.run("docker", "exec", "maymessenger_backend", "rm", "/tmp/beat")
    thread.join()


def test_lines_come_while_somebody_looks(heartbeat: str) -> None:
    done = type_in(LOGS_FOLLOW)
    numbers = [int(line.split()[-1]) for line in done.output.splitlines() if heartbeat in line]
    # Each once, in their order, and from more than one look.
    assert done.code == 0 and len(numbers) >= 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    # The server's own look at itself may have come by, and be told of in the logs.
    shown = LINE.findall(done.output)
    assert f"    {len(shown)} lines came in 30 s, among them 0 errors and 0 warnings." in done.output


def test_nobodys_logs_are_refused_with_the_names_that_there_are() -> None:
    done = type_in(f"{LOGS} -e logs_app=messenger")
    said = " ".join(done.output.split())
    assert done.code == 2 and "expected an app, proxy, a database, a service or a container of this server" in said
    assert "maymessenger, proxy, rarebooks" in said
