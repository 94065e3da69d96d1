"""Runs are told when the ledger has their entries, each once; and that the watch fails, when it does so twice."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._notify import memory, targets, tell
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from notify_support import Stack

DEPLOY = ledger.Run("one", "deploy", "alice@laptop", started="2026-11-24T12:00:00Z")


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    found = Stack(tmp_path)
    monkeypatch.setattr(targets, "send", found.take)
    found.aim_at("json://one")
    return found


def run(stack: Stack, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
    """Run the program, and return the titles of what it sent."""
    file = stack.path / "settings.json"
    file.write_text(json.dumps(asdict(stack.settings())))
    monkeypatch.setattr("sys.argv", ["tell", str(file), *arguments])
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    assert tell.main() == 0
    return stack.sent()


def record(stack: Stack, result: str) -> None:
    assert ledger.append(str(stack.path), ledger.entry(DEPLOY, result, 1.0))


def test_each_run_is_told_once(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    record(stack, "deployed")
    assert run(stack, monkeypatch) == [], "what there was before the first time is no news"
    record(stack, "restored")
    record(stack, "unchanged")
    assert run(stack, monkeypatch) == ["books: the new release failed, and the one before it serves again"]
    assert run(stack, monkeypatch) == []


def test_a_ledger_that_got_shorter_is_begun_anew(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for _time in range(3):
        record(stack, "deployed")
    run(stack, monkeypatch)
    (stack.path / ledger.FILE).unlink()
    assert run(stack, monkeypatch) == []
    record(stack, "deployed")
    assert len(run(stack, monkeypatch)) == 1


def test_a_watch_that_fails_twice_is_told_once(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = [run(stack, monkeypatch, "watch-failed") for _time in range(4)]
    assert titles == [[], ["books: the watch of this server fails"], [], []]


def test_of_a_server_that_nobody_looked_at_the_dead_man_hears_nothing_good(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bool] = []
    monkeypatch.setattr(tell.dead_man, "ping", lambda _url, well, _text: heard.append(well) or "")
    file = stack.path / "dead_man.json"
    file.write_text(json.dumps(asdict(stack.settings(dead_man_url="https://hc.example.org/x"))))
    monkeypatch.setattr("sys.argv", ["tell", str(file), "watch-failed"])
    assert [tell.main() for _time in range(2)] == [0, 0] and heard == [False]


def test_a_damaged_memory_is_begun_anew(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    record(stack, "deployed")
    run(stack, monkeypatch)
    Path(stack.settings().memory).write_text("{")
    assert run(stack, monkeypatch) == []
    assert memory.load(stack.settings().memory).entries == 1
    assert Path(stack.settings().memory).stat().st_mode & 0o777 == 0o600


def test_in_russian(stack: Stack) -> None:
    remembered = memory.Memory(entries=0)
    record(stack, "deployed")
    tell.send(remembered, stack.settings(language="ru"), tell.of_runs(remembered, str(stack.path)))
    assert stack.sent() == ["books: развёрнут новый релиз, он работает"]
