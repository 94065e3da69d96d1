"""Programs in containers of an engine in memory: they answer over real sockets, in the frames that an engine sends."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from socket import socket, socketpair

# Stands for the end mark that a session was asked for.
END = b"<end>"


@dataclass(frozen=True)
class Answer:
    """What a program whose command or input holds the text says: pairs of stream number and bytes, or raw bytes."""

    text: str
    stdout: bytes = b""
    code: int | None = 0
    stderr: bytes = b""
    raw: bytes | None = None

    def __call__(self, call: Call) -> Answer | None:
        return self if self.text in call else None

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
    environment: dict[str, str] = field(default_factory=dict)
    input: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    code: int | None = None
    user: str = ""

    def __contains__(self, text: str) -> bool:
        return text in f"{' '.join(self.argv)}\n{self.input}"


# Says what a call answers, None where it is none of its own.
Program = Callable[[Call], Answer | None]


def connect(call: Call, answer: Callable[[Call], Answer], events: list[str]) -> socket:
    """Return our end of the streams of a program that begins with the first line sent to it."""
    ours, theirs = socketpair()
    threading.Thread(target=_work, args=(call, theirs, answer, events), daemon=True).start()
    return ours


def _work(call: Call, connection: socket, answer: Callable[[Call], Answer], events: list[str]) -> None:
    with connection, connection.makefile("rb") as stream:
        assert stream.readline() == b"\n"
        # A session is answered while its input is still open.
        for line in stream:
            call.input += line.decode()
            if ":'end'" in call.input:
                break
        said = answer(call)
        events.append(f"begin {call.argv[0]}")
        end = next((word[4:] for word in call.argv if word.startswith("end=")), "")
        with suppress(BrokenPipeError):
            connection.sendall(said.frames(end))
        if end and said.code == 0:
            stream.read()
            events.append(f"end {call.argv[0]}")
        call.code = said.code
        if said.code is not None:
            call.ended.set()
