# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs in containers: nothing of what they say is lost, and none that failed or was cut off passes for one that ended."""

from __future__ import annotations

import io
import struct
from unittest.mock import Mock

import docker.errors
import pytest
import requests
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import programs
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import (
    CompletedProgram,
    DatabaseError,
    run_program,
    said,
    started,
)
from postgres_support import Answer, Engine, frame

RESTORE = b"""pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 215; 1417 16386 USER MAPPING s
pg_restore: error: could not execute query: ERROR:  role "x" does not exist
Command was: CREATE USER MAPPING FOR x OPTIONS (
    password 'horse staple'
);
pg_restore: hint: create it
"""
COPY = b"""pg_restore: error: COPY failed for table "u": ERROR:  duplicate key value violates unique constraint "k"
DETAIL:  Key (name)=(Ann) already exists.
CONTEXT:  COPY u, line 2: "2\tAnn\thorse staple"
"""


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        (b"", "no message"),
        (b"\n  \npg_dump: error: \xff\n", "pg_dump: error: \ufffd"),
        (b"\n".join(b"line %d" % i for i in range(9)), "line 4; line 5; line 6; line 7; line 8"),
        (
            RESTORE,
            "pg_restore: while PROCESSING TOC:; pg_restore: from TOC entry 215; 1417 16386 USER MAPPING s; "
            'pg_restore: error: could not execute query: ERROR:  role "x" does not exist; pg_restore: hint: create it',
        ),
        (
            COPY,
            'pg_restore: error: COPY failed for table "u": ERROR:  duplicate key value violates unique constraint "k"',
        ),
    ],
)
def test_complaints_are_told_without_rows_and_statements(stderr: bytes, told: str) -> None:
    assert said(stderr) == told


def test_a_program_that_ends() -> None:
    engine = Engine(Answer("a letter", b"o" * 20, 3, b"complaint"))
    assert run_program(engine, "db", ["cat", "-"], b"a letter", environment={"A": "b"}) == CompletedProgram(3, b"o" * 20, b"complaint")
    (call,) = engine.calls
    assert (call.container, call.argv, call.environment, call.input) == ("db", ["cat", "-"], {"A": "b"}, "a letter")


def test_output_into_a_file() -> None:
    stream = io.BytesIO()
    assert run_program(Engine(Answer("cat", b"x" * 100)), "db", ["cat"], into=stream) == CompletedProgram(0, b"", b"")
    assert stream.getvalue() == b"x" * 100


def test_a_file_that_cannot_be_written_is_the_callers_matter() -> None:
    full = Mock(write=Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        run_program(Engine(Answer("cat", b"x")), "db", ["cat"], into=full)


def test_endless_complaints_are_not_kept() -> None:
    engine = Engine(Answer("cat", raw=frame(2, b"old\n") + b"".join(frame(2, b"x" * 30000) for _ in range(9))))
    assert len(run_program(engine, "db", ["cat"]).stderr) == 65536


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack(">BxxxL", 1, 6)[:5],
        struct.pack(">BxxxL", 1, 6),
        frame(1, b"whole") + struct.pack(">BxxxL", 1, 600) + b"only the beginning",
    ],
)
def test_a_stream_that_is_cut_off(raw: bytes) -> None:
    with pytest.raises(DatabaseError, match="container db, cat: the connection to a program in the container broke"):
        run_program(Engine(Answer("cat", raw=raw)), "db", ["cat"])


def test_a_program_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_SECONDS_TO_END", 0.1)
    with pytest.raises(DatabaseError, match="a program that still runs and says nothing more"):
        run_program(Engine(Answer("cat", b"x", None)), "db", ["cat"])


def test_the_engine_may_tell_the_end_late(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Answer("cat", b"x"))
    states = [{"Running": True, "ExitCode": None}, {"Running": False, "ExitCode": None}, {"Running": False, "ExitCode": 4}]
    monkeypatch.setattr(engine.api, "exec_inspect", lambda _number: states.pop(0))
    assert run_program(engine, "db", ["cat"]).code == 4


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (docker.errors.NotFound("404", explanation="No such container: db"), "no such container.*No such container: db"),
        (docker.errors.APIError("409", explanation="Container db is not running"), "does not do it.*is not running"),
        (requests.exceptions.ReadTimeout("read timed out"), "Docker does not do it.*read timed out"),
        (ConnectionResetError("reset by peer"), "Docker does not do it.*reset by peer"),
    ],
)
def test_trouble_with_the_engine(monkeypatch: pytest.MonkeyPatch, error: Exception, told: str) -> None:
    for method in ("exec_create", "exec_start", "exec_inspect"):
        engine = Engine()
        monkeypatch.setattr(engine.api, method, Mock(side_effect=error))
        with pytest.raises(DatabaseError, match=f"container db, cat: .*{told}"):
            run_program(engine, "db", ["cat"])


def test_a_session_that_is_left_reads_the_end_of_its_input() -> None:
    engine = Engine(Answer("psql", b"1\n"))
    with started(engine, "db", ["psql", "end=x"]) as session:
        session.send(b"\nSELECT :'end'\n")
        assert next(session.frames()) == (False, b"1\n")
        assert not engine.calls[0].ended.is_set()
    assert engine.calls[0].ended.wait(5)
