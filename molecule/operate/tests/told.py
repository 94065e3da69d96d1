"""What the receiver of this scenario got, and the watch, which tests start themselves in place of the timer."""

from __future__ import annotations

import json
import time
from typing import Any

from contract import DIRECTORY
from server import run, shell

FILE = "/opt/receiver/messages.jsonl"
WATCH = f"{DIRECTORY}/.watch"
PROGRAM = f"{WATCH}/program"
UTILS = "ansible_collections.rarebooks.platform.plugins.module_utils"
# How each channel writes a title and a text.
CHANNELS = ("webhook", "ntfy", "mail", "telegram")


def messages() -> list[dict[str, Any]]:
    """Return everything that was received, oldest first."""
    return [json.loads(line) for line in run("cat", FILE).splitlines()]


def of(channel: str, since: int = 0) -> list[str]:
    """Return the messages that a channel got, each as one text."""
    found = []
    for one in messages()[since:]:
        body = one["body"]
        if channel == "mail" and "to" in one:
            assert one["to"] == ["owner@example.org"]
            found.append(f"{one['subject']}\n{body}")
        elif one.get("path", "none") == {"webhook": "/hook", "ntfy": "/"}.get(channel):
            told = json.loads(body)
            found.append(f"{told['title']}\n{told['message']}")
        elif channel == "telegram" and one.get("host") == "api.telegram.org":
            assert one["path"] == "/bot123456789:abcdefg_hijklmnop/sendMessage"
            found.append(json.loads(body)["text"])
    return found


def pings(since: int = 0) -> list[str]:
    """Return how the dead man's switch was called."""
    return [one["path"] for one in messages()[since:] if one.get("path", "").startswith("/ping")]


def count() -> int:
    return len(messages())


def titles(since: int) -> list[str]:
    """Return the titles that the webhook got."""
    return [text.splitlines()[0] for text in of("webhook", since)]


def watch() -> None:
    """Have the server verified now, as the timer would."""
    run("systemctl", "start", "rarebooks-watch.service")


def wait_idle() -> None:
    """Wait until what tells of runs has told of all, and remembers it."""
    shell("while ! systemctl show --value --property=ActiveState rarebooks-notify.service | grep -qx inactive; do sleep 0.2; done")


def python(script: str) -> str:
    """Run a script on the server with the program of the watch."""
    return shell(f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={PROGRAM} python3 - <<'END'\n{script}\nEND\n")


def record(result: str, action: str = "deploy", error: str = "") -> None:
    """Write a run into the ledger, as runs do."""
    python(
        f"from {UTILS}._run import ledger\n"
        f"run = ledger.Run('{time.monotonic_ns()}', '{action}', 'alice@laptop', started=ledger.now())\n"
        f"assert ledger.append('{DIRECTORY}', ledger.entry(run, '{result}', 31.5, error='{error}'))"
    )
