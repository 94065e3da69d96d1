"""Recordings, as files in a volume, known to clients by the path they are served under."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

KINDS = {
    ".aac": "audio/aac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}


class AudioFiles:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def public_path(stored: Path) -> str:
        return f"/audio/{stored.name}"

    def remove(self, public_paths: Iterable[str]) -> None:
        """Remove the files of messages that are gone."""
        for public_path in public_paths:
            (self.directory / Path(public_path).name).unlink(missing_ok=True)
