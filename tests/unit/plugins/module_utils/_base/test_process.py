"""What /proc says, also of processes that end while they are looked at."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import process as base_process
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import proxy
from processes import end_between_open_and_read

PLUGINS = Path(__file__).parents[5] / "plugins"
# What reads a file, given a path below /proc.
READS_PROC = re.compile(r"""(?:open|read_if_exists|Path)\(\s*f?["']/proc/""")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (lambda pid: base_process.read_proc(f"/proc/{pid}/cmdline"), ""),
        (base_process.start_of, 0),
        (base_process.children, set()),
        (lambda pid: proxy.accepts(str(pid)), False),
    ],
    ids=["read_proc", "start_of", "children", "accepts"],
)
def test_a_process_that_ends_while_it_is_looked_at_has_ended(
    question: Callable[[int], object], answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        end_between_open_and_read(monkeypatch, process)
        assert question(process.pid) == answer
        assert process.returncode is not None


def test_nothing_else_reads_proc() -> None:
    """The controller's boot_id, which no process takes away, is the one exception."""
    texts = {path: path.read_text() for path in (PLUGINS / "module_utils").rglob("*.py")}
    texts |= {path: path.read_text() for path in (PLUGINS / "modules").glob("*.py")}
    assert len(texts) > 60
    assert [path.name for path, text in texts.items() if READS_PROC.search(text)] == []


def test_children_of_a_process() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert str(process.pid) in base_process.children(os.getpid())
        process.kill()
    assert base_process.children(1 << 30) == set()
