# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files beside a Compose file that belong to its project."""

from __future__ import annotations

import os
from collections.abc import Callable

MOST_FILES = 200
MOST_BYTES = 1024 * 1024


class NotUsable(ValueError):
    """A file that cannot come along; the message says why, and what to do."""


class Beside:
    """The directory of a Compose file. Reading is done by who knows how to decrypt."""

    def __init__(self, directory: str, reading: Callable[[str], str]) -> None:
        self.directory = directory
        self._reading = reading

    def exists(self, path: str) -> bool:
        return os.path.exists(self._whole(path))

    def read(self, path: str) -> str:
        """Return the text of a file, without the mark that Windows puts before it."""
        whole = self._whole(path)
        try:
            if os.path.getsize(whole) > MOST_BYTES:
                raise NotUsable(f"expected a file of at most {MOST_BYTES // 1024} KiB, got a larger one in {whole}")
            text = self._reading(whole)
            text.encode()  # Ansible's loader escapes what is not UTF-8.
        except OSError as error:
            raise NotUsable(f"expected the file {whole}, got: {error.strerror}") from None
        except UnicodeError:
            raise NotUsable(f"expected text in UTF-8, got something else in {whole}") from None
        return text.removeprefix("\ufeff")

    def tree(self, path: str) -> dict[str, str]:
        """Return the texts of a file, or of all files of a directory, by their paths."""
        whole = self._whole(path)
        if not os.path.isdir(whole):
            return {os.path.normpath(path): self.read(path)}
        found = sorted(
            os.path.relpath(os.path.join(parent, name), self.directory) for parent, _directories, names in os.walk(whole) for name in names
        )
        if not 0 < len(found) <= MOST_FILES:
            raise NotUsable(f"expected 1 to {MOST_FILES} files in {whole}, got {len(found)}")
        return {one: self.read(one) for one in found}

    def _whole(self, path: str) -> str:
        normal = os.path.normpath(path)
        if os.path.isabs(normal) or normal.startswith(("..", "~")):
            raise NotUsable(f"expected a file in the directory of the Compose file or below it, got {path}")
        return os.path.join(self.directory, normal)
