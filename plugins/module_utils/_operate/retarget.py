# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing another image and another volume for a database into the files of a release, as the next deploy will write them.

Line by line, since a file that is loaded and written again is another one. What came of it Compose is asked before it is live.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .._release.description import FILE

# Where a release's description names volumes: app, database and user may be called the same.
_VOLUMES = re.compile(r'((?<=[{,\s])"(?:(?:unprefixed_)?volumes|volume)"\s*:\s*)(\[[^\]]*\]|"[^"]*")')


@dataclass(frozen=True)
class Retarget:
    """The service of a database, and what its image, its volume and the place where that is mounted become."""

    service: str
    container: str
    image: tuple[str, str]
    volume: tuple[str, str]
    target: tuple[str, str]

    def edited(self, path: str, text: str) -> str:
        """Return a file's text with it."""
        if path == FILE:
            old, new = map(json.dumps, self.volume)
            return _VOLUMES.sub(lambda found: found[1] + found[2].replace(old, new), text)
        return self._compose(text) if path.endswith((".yml", ".yaml")) and self.container in text else text

    def _compose(self, text: str) -> str:
        word = re.compile(rf"(?<![\w./-]){re.escape(self.volume[0])}(?![\w./-])")
        lines, within = [], -1
        for line in text.splitlines(keepends=True):
            indent = len(line) - len(line.lstrip())
            if line.strip() and not line.lstrip().startswith("#"):
                if within >= 0 and indent <= within:
                    within = -1
                if re.match(rf"\s+[\"']?{re.escape(self.service)}[\"']?:\s*(#.*)?$", line):
                    within = indent
            lines.append(word.sub(self.volume[1], self._of_service(line) if within >= 0 else line))
        return "".join(lines)

    def _of_service(self, line: str) -> str:
        line = re.sub(rf"^(\s+image:\s*[\"']?){re.escape(self.image[0])}(?=[\"'\s]|$)", rf"\g<1>{self.image[1]}", line)
        if self.target[0] == self.target[1]:
            return line
        return re.sub(rf"(?<=[:\s]){re.escape(self.target[0])}(?=[:\"'\s]|$)", self.target[1], line)
