"""A stack with targets that keep what they are sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._notify.message import Written
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.targets import Target


@dataclass(frozen=True)
class Stack:
    """The directory of a stack, with targets that a test may change."""

    path: Path
    taken: list[Written] = field(default_factory=list)

    def aim_at(self, *urls: str) -> None:
        """Have these targets, and no others."""
        directory = self.path / ".watch/targets"
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            old.unlink()
        for number, url in enumerate(urls, 1):
            (directory / str(number)).write_text(f"{url}\n")

    def settings(self, **others: Any) -> Settings:
        plain: dict[str, Any] = {
            "host": "books",
            "path": str(self.path),
            "directory": str(self.path / ".watch"),
            "memory": str(self.path / "state/watch.json"),
            "watch": True,
            "language": "en",
            "program": "apprise",
            "textfile_dir": "",
            "dead_man_url": "",
            "confirm_seconds": 0.0,
        }
        return Settings(**{**plain, **others})

    def take(self, _program: str, _target: Target, message: Written) -> str:
        """Stand in for Apprise."""
        self.taken.append(message)
        return ""

    def sent(self) -> list[str]:
        """Return the titles of what was sent since the last time."""
        titles = [one.title for one in self.taken]
        self.taken.clear()
        return titles
