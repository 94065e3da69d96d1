# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs PostgreSQL's programs inside containers, so that nothing they print is lost and no failure goes unseen."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from .._base.errors import PlatformError

try:
    import docker.errors
    import requests
except ImportError:  # See _base.libraries.
    pass

if TYPE_CHECKING:
    from docker import DockerClient

_STDERR = 2
_HEADER = struct.Struct(">BxxxL")
_STDERR_KEPT = 65536
_LINES_SHOWN = 5

# The SDK loses what a program prints before the answer to the request that started it has been read. So the program
# does not start before we, listening by then, send it a line. What it writes is for root's eyes.
# In Debian's images the name in the path is a Perl script that looks which version there is, fifteen times as slow as
# the program itself; the official images say which one they have.
_HELD_BACK = ["sh", "-c", 'umask 077; PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH; read -r _ && exec "$@"', "sh"]

# The engine can tell the end of a program a moment later than its streams.
_SECONDS_TO_END = 15.0

# What would show rows or statements, and these may hold passwords and people's data.
_PRIVATE = re.compile(r"(CONTEXT|DETAIL|STATEMENT|QUERY|LOCATION|LINE \d+):|\s")


# Of a context the function's name alone: it is what has to be mended where an index cannot be built with it.
_FUNCTION = re.compile(r'CONTEXT:\s+(?:SQL|PL/pgSQL) function "?([^"(\s]+)')


class DatabaseError(PlatformError):
    """One message: where, what, expected, got, what to do next; sqlstate is PostgreSQL's code where it gave one."""

    # Whether it only has to be started.
    is_down = False

    def __init__(self, where: str, what: str, expected: str, got: str, advice: str, sqlstate: str = "") -> None:
        super().__init__(f"{where}: {what}. Expected {expected}, got {got}. {advice}")
        self.sqlstate = sqlstate


class DatabaseDown(DatabaseError):
    """The database does not run and could not be started; the message says what to do."""

    is_down = True


@dataclass(frozen=True)
class CompletedProgram:
    """How a program ended."""

    code: int
    stdout: bytes
    stderr: bytes

    def __str__(self) -> str:
        return f"exit code {self.code}: {said(self.stderr)}"


def said(stderr: bytes) -> str:
    """Return the last lines of a program's complaints, without rows and statements."""
    lines: list[str] = []
    command = False
    for line in stderr.decode("utf-8", "replace").splitlines():
        # pg_restore shows the statement that failed, over several lines, and then goes on with its own name.
        command = line.startswith(("Command was:", "pg_restore: detail:")) or (command and not line.startswith(("pg_restore:", "pg_dump:")))
        if function := _FUNCTION.match(line):
            lines.append(f"in the function {function.group(1)}")
        elif line and not command and not _PRIVATE.match(line):
            lines.append(line.strip())
    return "; ".join(lines[-_LINES_SHOWN:]) or "no message"


class Program:
    """A program in a container with its three streams open; made by started()."""

    def __init__(self, where: str, connection: Any, inspect: Callable[[], dict[str, Any]]) -> None:
        self._where = where
        self._connection = connection
        self._stream: BinaryIO = connection.makefile("rb")
        self._inspect = inspect

    def send(self, data: bytes) -> None:
        """Write to the program's input."""
        with reaching(self._where):
            self._connection.sendall(data)

    def end_input(self) -> None:
        """Let the program read the end of its input."""
        with reaching(self._where):
            self._connection.shutdown(socket.SHUT_WR)

    def frames(self) -> Iterator[tuple[bool, bytes]]:
        """Yield what the program writes as it comes, with whether it is an error message, until it closes both."""
        while header := self._read(_HEADER.size, may_end=True):
            stream, length = _HEADER.unpack(header)
            yield stream == _STDERR, self._read(length)

    def code(self) -> int:
        """Wait for the end of a program that has closed its streams, and return its exit code."""
        deadline = time.monotonic() + _SECONDS_TO_END
        while True:
            with reaching(self._where):
                state = self._inspect()
            if not state["Running"] and state["ExitCode"] is not None:
                return int(state["ExitCode"])
            if time.monotonic() > deadline:
                raise _lost(self._where, "its end", "a program that still runs and says nothing more")
            time.sleep(0.02)

    def close(self) -> None:
        """Close the streams; a program that reads its input sees the end of it."""
        self._stream.close()
        self._connection.close()

    def _read(self, length: int, *, may_end: bool = False) -> bytes:
        with reaching(self._where):
            data = self._stream.read(length)
        if len(data) < length and (data or not may_end):
            raise _lost(self._where, f"{length} bytes", f"{len(data)} and the end of the connection")
        return data


def _lost(where: str, expected: str, got: str) -> DatabaseError:
    advice = "Look whether Docker was restarted ('journalctl -u docker'), and run it again."
    return DatabaseError(where, "the connection to a program in the container broke", expected, got, advice)


@contextmanager
def reaching(where: str) -> Iterator[None]:
    """Turn trouble with the engine, or with the connection to it, into a DatabaseError."""
    try:
        yield
    except docker.errors.NotFound as error:
        advice = "Start the app, 'docker ps --all' shows what there is."
        raise DatabaseError(where, "there is no such container", "one that runs", _told(error), advice) from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        advice = "Look at the container ('docker ps --all', 'docker logs') and at Docker ('journalctl -u docker')."
        raise DatabaseError(where, "Docker does not do it", "a container that runs", _told(error), advice) from error


def _told(error: Exception) -> str:
    # The engine's own words; the SDK puts the request around them.
    return str(getattr(error, "explanation", None) or error)


@contextmanager
def started(
    client: DockerClient, container: str, argv: Sequence[str], environment: Mapping[str, str] | None = None, user: str = ""
) -> Iterator[Program]:
    """Prepare a program in a running container; it begins with the first line sent to it, which it does not see.

    It runs as the container's own user unless another one is given.
    """
    where = f"container {container}, {argv[0]}"
    with reaching(where):
        command = [*_HELD_BACK, *argv]
        created = client.api.exec_create(container, command, stdin=True, environment=dict(environment or {}), user=user)
        raw = client.api.exec_start(created["Id"], socket=True)
        # What the SDK returns can only be read, its connection goes both ways.
        connection: Any = getattr(raw, "_sock", raw)
        connection.settimeout(None)
    program = Program(where, connection, lambda: client.api.exec_inspect(created["Id"]))
    try:
        yield program
    finally:
        # Before its connection: Python 3.13 complains on stderr of an answer whose connection is gone when it is collected.
        response = getattr(raw, "_response", None)
        if response is not None:
            response.close()
        program.close()
        raw.close()


def run_program(
    client: DockerClient,
    container: str,
    argv: Sequence[str],
    data: bytes = b"",
    *,
    environment: Mapping[str, str] | None = None,
    into: BinaryIO | None = None,
    user: str = "",
) -> CompletedProgram:
    """Run a program to its end with data as its input; its output goes into a file where one is given."""
    stdout, stderr = bytearray(), bytearray()
    with started(client, container, argv, environment, user) as program:
        program.send(b"\n" + data)
        program.end_input()
        for complaint, chunk in program.frames():
            if complaint:
                stderr += chunk
                del stderr[:-_STDERR_KEPT]
            elif into:
                into.write(chunk)
            else:
                stdout += chunk
        return CompletedProgram(program.code(), bytes(stdout), bytes(stderr))
