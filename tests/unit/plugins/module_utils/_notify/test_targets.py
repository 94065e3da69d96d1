"""Targets are known by number and scheme; what Apprise complains of is told without what is secret in a URL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._notify import targets
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.message import Written
from notify_support import Stack

# Refuses what goes to a host named closed, as Apprise says it.
APPRISE = """#!/usr/bin/env python3
import json, sys
options = dict(one.removeprefix("--").split("=", 1) for one in sys.argv[1:] if "=" in one)
url = open(options["config"]).read().strip()
if "//closed" in url:
    print(f"2026-11-26 10:00:00,000 - WARNING - A Connection error occurred sending notification to {url}.")
    sys.exit(1)
with open(sys.argv[0] + ".sent", "w") as stream:
    json.dump({**options, "body": sys.stdin.read()}, stream)
"""
MESSAGE = Written("failure", "books: привет", "one\ntwo")


@pytest.mark.parametrize(
    ("said", "url", "told"),
    [
        (
            "2026-11-26 10:48:50,918 - WARNING - Failed to send JSON POST notification: Internal server error., error=500.\n",
            "json://hooks.example.org/secretpath",
            "Failed to send JSON POST notification: Internal server error., error=500.",
        ),
        (
            "2026-11-26 10:48:51,669 - ERROR - Unparseable Telegram URL tgram://123456:abcdef\n"
            "2026-11-26 10:48:51,669 - WARNING - Unparseable URL tgram://123456:abcdef on line 1.\n",
            "tgram://123456:abcdef",
            "Unparseable Telegram URL …",
        ),
        (
            "x - WARNING - Could not reach https://api.telegram.org/bot123456:abcdefgh/sendMessage\n",
            "tgram://123456:abcdefgh/99",
            "Could not reach https://api.telegram.org/bot…:…/sendMessage",
        ),
        ("Try 'apprise --help' for more information.", "json://x", ""),
    ],
)
def test_the_reason_without_secrets(said: str, url: str, told: str) -> None:
    assert targets.reason(said, url) == told


def test_targets_come_in_their_order(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.aim_at(*(f"json://host{number}" for number in range(12)))
    found = targets.find(str(tmp_path / ".watch"))
    assert [one.url for one in found] == [f"json://host{number}" for number in range(12)]
    assert str(found[1]) == "2 (json)"
    assert targets.find(str(tmp_path / "nowhere")) == []


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a stand-in for Apprise that keeps what it is given."""
    found = tmp_path / "apprise"
    found.write_text(APPRISE)
    found.chmod(0o755)
    return found


def test_a_message_is_sent_whole_and_no_url_is_in_the_list_of_processes(tmp_path: Path, program: Path) -> None:
    stack = Stack(tmp_path)
    stack.aim_at("json://secret.example.org")
    (target,) = targets.find(str(tmp_path / ".watch"))
    assert targets.send(str(program), target, MESSAGE) == ""
    sent = json.loads(Path(f"{program}.sent").read_text())
    assert (sent["title"], sent["body"], sent["notification-type"]) == ("books: привет", "one\ntwo", "failure")
    assert "secret" not in sent["config"]


def test_why_one_is_not_sent(tmp_path: Path, program: Path) -> None:
    stack = Stack(tmp_path)
    stack.aim_at("json://closed/secret")
    (target,) = targets.find(str(tmp_path / ".watch"))
    assert targets.send(str(program), target, MESSAGE) == "A Connection error occurred sending notification to …."
    assert targets.send(str(tmp_path / "missing"), target, MESSAGE) == f"{tmp_path}/missing: No such file or directory"


def test_one_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "SECONDS", 0.1)
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    assert targets.send(str(sleeper), targets.Target(1, "file", "json://x"), MESSAGE) == "no answer within 0.1 s"
