"""A rehearsal needs as much memory as its containers use now, and some to spare; otherwise it says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import process
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import usage
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal import memory
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal.memory import MIB
from memory_engine import Engine


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine with a container that uses 100 MiB, and one that does not run."""
    made = Engine(str(tmp_path))
    made.run("backend", "chat:1", "sha256:chat")
    made.has_image("postgres:15", "sha256:postgres")
    made.make("db", "postgres:15")
    monkeypatch.setattr(usage, "CGROUPS", str(tmp_path))
    pid = made.running["backend"]["State"]["Pid"]
    monkeypatch.setattr(usage, "read_proc", lambda path: "0::/backend\n" if path == f"/proc/{pid}/cgroup" else "")
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "memory.current").write_text(f"{100 * MIB}\n")
    return made


@pytest.mark.parametrize(("free", "enough"), [(612, True), (611, False)])
def test_there_is_enough_or_it_says_what_is_missing(engine: Engine, monkeypatch: pytest.MonkeyPatch, free: int, enough: bool) -> None:
    monkeypatch.setattr(memory, "memory_available", lambda: free * MIB)
    told = memory.shortage(engine.client, ["backend", "db"], "x: never")
    assert (told == "") == enough
    if not enough:
        assert "expected 612 MiB of memory available, of which their containers use 356 MiB now, got 611" in told
        assert told.endswith("or set x: never")


def test_what_is_gone_is_taken_for_a_small_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory_available", lambda: 511 * MIB)
    assert "got 511" in memory.shortage(engine.client, ["gone"], "x: never")


def test_what_the_kernel_says_is_available_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    2097152 kB\n"
    monkeypatch.setattr(process, "read_proc", lambda path: {"/proc/meminfo": text}[path])
    assert process.memory_available() == 2048 * MIB
    monkeypatch.setattr(process, "read_proc", lambda _path: "")
    assert process.memory_available() == 0
