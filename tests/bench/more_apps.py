"""Further apps for the bench: the one that docs/apps.md writes out, again and again under other names, in a collection of its own."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/apps.md"
FILE = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The stand-in of the shop's front end answers any path, on port 80, and is on the server.
IMAGE, PORT = "rarebooks_frontend:latest", "80"


def write(collections: Path, number: int) -> list[str]:
    """Write so many roles; return their names."""
    names = [f"notes{index:02}" for index in range(1, number + 1)]
    for name in names:
        role = collections / "ansible_collections/acme/apps/roles" / name
        for path, content in FILE.findall(PAGE.read_text()):
            file = role / path.replace("notes", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            text = content.replace("notes:1.0", IMAGE).replace("8000", PORT)
            file.write_text(text.replace("notes", name).replace("Notes", name.capitalize()))
    return [f"acme.apps.{name}" for name in names]
