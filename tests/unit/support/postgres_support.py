# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stands in for the Docker SDK's client: programs answer over real sockets, in the frames that an engine sends."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import docker.errors
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database

SHOP = Database("db_shop", "shop", "keeper")
# Stands for the end mark that a session was asked for.
END = b"<end>"
SECRET = "horse staple"
INSPECTED = {
    "Id": "4fdd",
    "Image": "sha256:15",
    "Config": {"Env": [f"POSTGRES_PASSWORD={SECRET}", "LANG=C.UTF-8", "ODD"]},
    "State": {"Status": "running", "ExitCode": 0},
}
MISSING = b'ERROR:  42P01: relation "x" does not exist\nLINE 1: SELECT ...\nLOCATION:  x.c:1\n'
IN_USE = b'ERROR:  55006: database "shop" is being accessed by other users\nDETAIL:  There is 1.\n'


@dataclass(frozen=True)
class Answer:
    """What a program whose command or input holds the text says: pairs of stream number and bytes, or raw bytes."""

    text: str
    stdout: bytes = b""
    code: int | None = 0
    stderr: bytes = b""
    raw: bytes | None = None

    def frames(self, end: str) -> bytes:
        if self.raw is not None:
            return self.raw
        # Cut anywhere, as an engine does.
        stdout = self.stdout.replace(END, end.encode())
        chunks = [(1, stdout[i : i + 7]) for i in range(0, len(stdout), 7)] + [(2, self.stderr)]
        return b"".join(frame(stream, chunk) for stream, chunk in chunks)


def frame(stream: int, chunk: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(chunk)) + chunk


@dataclass
class Call:
    """A program that was run."""

    container: str
    argv: list[str]
    environment: dict[str, str]
    input: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    code: int | None = None

    def __contains__(self, text: str) -> bool:
        return text in f"{' '.join(self.argv)}\n{self.input}"


class Engine:
    """Quacks like docker.DockerClient; the first answer that fits is given, and given again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers: Sequence[Answer] = answers
        self.calls: list[Call] = []
        self.events: list[str] = []
        self.inspected: dict[str, Any] = INSPECTED
        self.settings: dict[str, Any] = {}
        self.there: set[str] = set()
        self.log = b""
        self.api = self.containers = self

    def exec_create(self, container: str, command: list[str], stdin: bool, environment: dict[str, str]) -> dict[str, Any]:
        assert stdin and command[:2] == ["sh", "-c"]
        self.calls.append(Call(container, command[4:], environment))
        return {"Id": len(self.calls) - 1}

    def exec_start(self, number: int, socket: bool) -> Mock:
        assert socket
        return Mock(_sock=self._connect(self.calls[number]))

    def exec_inspect(self, number: int) -> dict[str, Any]:
        call = self.calls[number]
        return {"Running": not call.ended.is_set(), "ExitCode": call.code}

    def inspect_container(self, _name: str) -> dict[str, Any]:
        return self.inspected

    def logs(self, _name: str, tail: int) -> bytes:
        return self.log

    def create(self, image: str, *, name: str, **settings: Any) -> Mock:
        self.settings = {"image": image, "name": name, **settings}
        self.there.add(name)
        self.events.append(f"create {name}")
        return Mock()

    def get(self, name: str) -> Mock:
        if name not in self.there:
            raise docker.errors.NotFound("No such container")

        def remove(v: bool, force: bool) -> None:
            assert v and force
            self.there.remove(name)
            self.events.append(f"remove {name}")

        return Mock(remove=remove)

    def called(self, text: str) -> list[Call]:
        return [call for call in self.calls if text in call]

    def _connect(self, call: Call) -> socket.socket:
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._program, args=(call, theirs), daemon=True).start()
        return ours

    def _program(self, call: Call, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            assert stream.readline() == b"\n"
            # A session is answered while its input is still open.
            for line in stream:
                call.input += line.decode()
                if ":'end'" in call.input:
                    break
            answer = next((answer for answer in self.answers if answer.text in call), Answer(""))
            self.events.append(f"begin {call.argv[0]}")
            end = next((word[4:] for word in call.argv if word.startswith("end=")), "")
            with suppress(BrokenPipeError):
                connection.sendall(answer.frames(end))
            if end and answer.code == 0:
                stream.read()
                self.events.append(f"end {call.argv[0]}")
            call.code = answer.code
            if answer.code is not None:
                call.ended.set()


SNAPSHOT = Answer("pg_export_snapshot", b'00000003-1B-1\npublic.Users,3\n"public.a,b",0\n' + END + b"\n")
