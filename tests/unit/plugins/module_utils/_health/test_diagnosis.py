# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes read off what containers left behind: recorded logs of PostgreSQL, ASP.NET, Python and the engine."""

from __future__ import annotations

import dataclasses
from typing import Literal

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.diagnosis import SYMPTOMS, UNKNOWN, diagnose, final_cause
from ansible_collections.rarebooks.platform.plugins.module_utils._health.state import ContainerState

EXITED = ContainerState(
    id="915b36a3",
    image="maymessenger_backend:1",
    status="exited",
    exit_code=1,
    error="",
    oom_killed=False,
    restarts=0,
    health="none",
    failing_streak=0,
    probe_started=None,
    probe_output="",
    check=None,
    service="",
    project_directory="",
)

STARTED = """info: Microsoft.Hosting.Lifetime[14]
      Now listening on: http://[::]:5000
"""
REFUSED_LOGIN = """info: MayMessenger.API[0]
      Applying migrations
fail: MayMessenger.API[0]
      An error occurred while migrating the database
      Npgsql.PostgresException (0x80004005): 28P01: password authentication failed for user "may"
"""
REFUSED = """fail: MayMessenger.API[0]
      An error occurred while migrating the database
      Npgsql.NpgsqlException (0x80004005): Failed to connect to 172.18.0.3:5432
       ---> System.Net.Sockets.SocketException (111): Connection refused
"""
REFUSED_PSYCOPG = """psycopg.OperationalError: connection failed: connection to server at "172.18.0.3", port 5432 failed: \
Connection refused
\tIs the server running on that host and accepting TCP/IP connections?
"""
UNRESOLVED = "System.Net.Sockets.SocketException (00000001, 11): Name does not resolve"
UNRESOLVED_PSYCOPG = 'could not translate host name "db_maymessenger" to address: Temporary failure in name resolution'
INCOMPATIBLE = """FATAL:  database files are incompatible with server
DETAIL:  The data directory was initialized by PostgreSQL version 13, which is not compatible with this version 15.1.
"""
NO_RELATION = """fail: Microsoft.EntityFrameworkCore.Database.Command[20102]
      Failed executing DbCommand (5ms) [Parameters=[], CommandType='Text', CommandTimeout='30']
      Npgsql.PostgresException (0x80004005): 42P01: relation "Chats" does not exist
"""
DB_COMMAND = """fail: Microsoft.EntityFrameworkCore.Database.Command[20102]
      Failed executing DbCommand (3ms) [Parameters=[], CommandType='Text', CommandTimeout='30']
      ALTER TABLE "Messages" ADD "Status" integer NOT NULL;
"""
FALLBACK = """info: MayMessenger.API[0]
      Starting
crit: MayMessenger.API[0]
      The moon is full
fail: MayMessenger.API[0]
      Something that follows
"""
OCI_PROBE = (
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "wget": executable file not found in $PATH: unknown'
)


@pytest.mark.parametrize(
    ("log", "probe", "part"),
    [
        (REFUSED_LOGIN, "", "PostgreSQL refuses the password of user may: changing the password variable does not change"),
        (REFUSED, "", "its database at 172.18.0.3:5432 does not accept connections"),
        (REFUSED_PSYCOPG, "", 'its database at "172.18.0.3" does not accept connections'),
        (UNRESOLVED, "", "a host name it needs, most likely the database's, cannot be resolved"),
        (UNRESOLVED_PSYCOPG, "", "the database's host name db_maymessenger cannot be resolved"),
        (INCOMPATIBLE, "", "its volume was written by another major version of PostgreSQL"),
        ("FATAL:  could not extend file: No space left on device", "", "the server's disk is full"),
        ("exec /app/start: exec format error", "", "its image is built for another CPU architecture"),
        ("exec /app/entrypoint.sh: no such file or directory", "", "its start script has the line ends of Windows (CRLF)"),
        ("exec /a.sh: no such file or directory\nexec /a.sh: no such file or directory", "", "its start script has the line ends of"),
        ("[FATAL tini (7)] exec /app/start.sh failed: No such file or directory", "", "its start script has the line ends of Windows"),
        ("env: 'sh\\r': No such file or directory", "", "its start script has the line ends of Windows (CRLF)"),
        ("env: can't execute 'bash\r': No such file or directory", "", "its start script has the line ends of Windows (CRLF)"),
        ("open /etc/app.conf: no such file or directory", "", UNKNOWN),
        (NO_RELATION, "", "relation Chats does not exist"),
        (DB_COMMAND, "", "a database migration failed"),
        ("fail: App[0]\n      Migration 20250101_Init failed", "", "a database migration failed"),
        ("warn: 5 pending migrations\ninfo: done", "", UNKNOWN),
        (
            "System.IO.IOException: Failed to bind to address http://[::]:5000: address already in use.",
            "",
            "its port is already taken",
        ),
        ("System.InvalidOperationException: Jwt:Secret is not configured", "", "lacks a valid Jwt:Secret"),
        ("KeyError: missing environment variable Jwt__Key", "", "lacks a valid Jwt__Key"),
        ("System.InvalidOperationException: JWT Secret not configured", "", "lacks a valid JWT Secret"),
        ("info: Auth[0]\n      No JWT token in the request, known issuers: 1", "", UNKNOWN),
        ("IDX10720: Unable to create KeyedHashAlgorithm, key size must be greater", "", "its JWT signing key is too short"),
        ("Access to the path '/app/wwwroot/audio' is denied.", "", "it may not use /app/wwwroot/audio (permission"),
        ("PermissionError: [Errno 13] Permission denied: '/app/audio/x'", "", "it may not use /app/audio/x (perm"),
        ("mkdir: cannot create directory '/var/lib/x': Permission denied", "", "it may not use /var/lib/x (permission"),
        (STARTED, "/bin/sh: 1: curl: not found", "its health probe uses curl, which the image does not have"),
        (STARTED, "/bin/sh: curl: not found", "its health probe uses curl,"),
        (STARTED, "bash: line 1: nc: command not found", "its health probe uses nc,"),
        (STARTED, OCI_PROBE, "its health probe uses wget,"),
        (STARTED, "Health check exceeded timeout (10s)", "does not answer its health probe in time"),
        (STARTED, "curl: (7) Failed to connect to ::1 port 5000: Connection refused", "does not listen where its"),
        (FALLBACK, "", "the first failure in its log is: crit: MayMessenger.API[0] The moon is full"),
        ("Unhandled exception. System.Exception: boom\n   at X", "", "is: Unhandled exception. System.Exception: boom"),
        (STARTED, "", UNKNOWN),
        ("", "", UNKNOWN),
        # The word alone is no cause: a probe's output is not the log, and "0 errors" is no error.
        ("info: App[0]\n      0 errors, nothing failed", "", UNKNOWN),
        (STARTED, "HTTP Error 503: Service Unavailable", "its health endpoint answers 503"),
        (REFUSED_LOGIN, "HTTP Error 503: Service Unavailable", "PostgreSQL refuses the password"),
    ],
)
def test_cause(log: str, probe: str, part: str) -> None:
    assert part in diagnose(EXITED, log, probe)


def test_a_cause_has_no_full_stop_of_its_own() -> None:
    assert diagnose(EXITED, "crit: App[0]\n      The moon is full.\n", "").endswith("The moon is full")


@pytest.mark.parametrize(
    ("changes", "log", "part"),
    [
        ({"oom_killed": True, "exit_code": 137}, REFUSED_LOGIN, "used more memory than it may"),
        ({"exit_code": 126}, "", "its start command is not executable (exit code 126)"),
        ({"exit_code": 127}, "", "its start command is not in the image (exit code 127)"),
        ({"exit_code": 127, "error": "exec format error"}, "", "another CPU architecture"),
        ({"status": "paused"}, REFUSED_LOGIN, "somebody paused it"),
    ],
)
def test_cause_seen_in_the_state(changes: dict[str, object], log: str, part: str) -> None:
    state = dataclasses.replace(EXITED, **changes)  # type: ignore[arg-type]
    assert part in diagnose(state, log, "")


def test_what_a_program_died_of_comes_before_what_a_probe_saw_meanwhile() -> None:
    refused = "no answer from http://127.0.0.1:5000/health: [Errno 111] Connection refused"
    log = "crit: Microsoft.Hosting.Lifetime[0]\n      Unhandled exception: no configuration.\n"
    starting = dataclasses.replace(EXITED, status="running", exit_code=0, health="starting")
    assert diagnose(dataclasses.replace(starting, restarts=1), log, refused).endswith("Unhandled exception: no configuration")
    assert "does not listen" in diagnose(starting, log, refused)
    assert "does not listen" in diagnose(dataclasses.replace(starting, restarts=1), "", refused)


def test_a_cause_is_one_sentence() -> None:
    for sentence in (symptom.sentence for symptom in SYMPTOMS):
        assert "\n" not in sentence and ". " not in sentence and not sentence.endswith(".")


@pytest.mark.parametrize(
    ("where", "text", "final"),
    [
        ("log", REFUSED_LOGIN, True),
        ("log", REFUSED, False),  # the database may come up
        ("log", UNRESOLVED, False),
        ("log", DB_COMMAND, False),
        ("log", STARTED, False),
        ("log", OCI_PROBE.replace("wget", "/app/start"), True),
        ("log", "env: 'sh\\r': No such file or directory", True),
        ("probe", "/bin/sh: 1: curl: not found", True),
        ("probe", OCI_PROBE, True),
        ("probe", "curl: (7) Failed to connect to ::1 port 5000: Connection refused", False),
        ("probe", "Health check exceeded timeout (10s)", False),
        ("probe", "HTTP Error 503: Service Unavailable", False),
    ],
)
def test_what_waiting_cannot_cure(where: Literal["log", "probe"], text: str, final: bool) -> None:
    assert bool(final_cause(where, text)) is final


def test_a_start_command_that_is_missing_is_named() -> None:
    error = 'runc create failed: unable to start container process: exec: "/app/start": stat /app/start: no such file'
    state = dataclasses.replace(EXITED, status="created", exit_code=127, error=error)
    assert diagnose(state, "", "") == "its start command /app/start is not in the image, or is not executable"
