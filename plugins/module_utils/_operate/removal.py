# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tree of the live release without one of its apps, made of what lies on the server: no inventory says it yet.

Byte for byte it is what a deploy without that app would write, so that such a deploy has nothing to do after it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._backup.kept import KeptFile
from .._base.errors import PlatformError
from .._base.files import sha256
from .._engine.compose import COMPOSE_FILE
from .._release import description
from .._release.description import App
from .._tree import plan as tree_plan
from .._tree.plan import Existing, LiveTree, Owned, Plan

# In the Compose file of the project, what begins the lines of one app: see the role stack.
INCLUDE = "  - path: "
SHARED = ("compose", "env", "nginx", "nginx/sites")


class RemovalError(PlatformError):
    """The app cannot be taken out; nothing has been changed."""


@dataclass(frozen=True)
class Tree:
    """The files that deploys wrote, by path."""

    live: LiveTree

    def text(self, path: str) -> str:
        existing = self.live.read(path)
        return "" if existing is None else existing.data.decode(errors="replace")

    def included(self) -> dict[str, str]:
        """Return the lines about each app's Compose file in the one of the project, by that file's path."""
        _head, *blocks = self.text(COMPOSE_FILE).split(INCLUDE)
        return {block.partition("\n")[0].strip(): INCLUDE + block for block in blocks}

    def own(self, app: App) -> list[str]:
        """Return the files that are one app's alone: its Compose file, its site, and what no other app's Compose file names as well."""
        compose, site = f"compose/{app.name}.yml", f"nginx/sites/{app.name}.conf"
        if compose not in self.included():
            raise RemovalError(
                f"{app.title or app.name}: expected {compose} to be included by {self.live.root}/{COMPOSE_FILE}, got "
                f"{', '.join(self.included()) or 'nothing'}. Nothing has been changed. Take the app out of stack_apps, and deploy."
            )
        texts = {path: self.text(path) + block for path, block in self.included().items()}
        others = "\n".join(text for path, text in texts.items() if path != compose)
        named = [path for path in self.live.owned if is_named(path, texts[compose]) and not is_named(path, others)]
        return sorted({compose, *([site] if site in self.live.owned else []), *named} - {COMPOSE_FILE, description.FILE})

    def without(self, app: App) -> Plan:
        """Return the plan of the tree without an app."""
        gone = set(self.own(app))
        changed = {COMPOSE_FILE: self._compose_file(f"compose/{app.name}.yml"), description.FILE: self._description(app)}
        files, owned = [], {}
        for path, known in sorted(self.live.owned.items()):
            existing = self.live.read(path)
            if path in gone or existing is None:
                continue
            data = changed[path].encode() if path in changed else existing.data
            files.append(kept(path, existing, data, known))
            owned[path] = Owned(sha256(data), known.mode) if path in changed else known
        return tree_plan.make(list(files), self.live, owned)

    def _compose_file(self, path: str) -> str:
        return self.text(COMPOSE_FILE).replace(self.included()[path], "", 1)

    def _description(self, app: App) -> str:
        """Return what the release says of itself, in the form in which the role stack writes it."""
        stated: dict[str, Any] = json.loads(self.text(description.FILE))
        stated["apps"] = [one for one in stated["apps"] if one["name"] != app.name]
        stated["sources"] = {name: digest for name, digest in stated.get("sources", {}).items() if name != app.name}
        return json.dumps(stated, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


def kept(path: str, existing: Existing, data: bytes, known: Owned) -> KeptFile:
    """Return a file of the tree as it is, with other content where that is given."""
    source = known.source if data == existing.data else None
    private = source is None and existing.mode & 0o077 == 0
    text = data.decode(errors="replace") if source is None else source
    return KeptFile(path, text, data, private, existing.mode, existing.uid, existing.gid, existing.target)


def is_named(path: str, text: str) -> bool:
    """Say whether a text names a file, or a directory of a tree that holds it."""
    parts = path.split("/")
    prefixes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any(prefix not in SHARED and re.search(rf"(?<![\w./-])(?:\./)?{re.escape(prefix)}(?![\w.-])", text) for prefix in prefixes)


def validators(network: str, image: str) -> list[Mapping[str, Any]]:
    """Return what has to accept the tree: Compose, and the nginx that reads it, by the image of its container."""
    tree = "{tree}"
    compose = ["docker", "compose", "--project-directory", tree, "--file", os.path.join(tree, COMPOSE_FILE), "config", "--quiet"]
    nginx = ["docker", "run", "--rm", f"--network={network}", f"--volume={tree}/nginx:/etc/nginx:ro"]
    nginx += ["--volume=/etc/letsencrypt:/etc/letsencrypt:ro", "--entrypoint=nginx", image, "-t", "-q"]
    return [
        {"name": "Docker Compose accepts the project", "argv": compose},
        {"name": "nginx accepts its configuration, in the proxy's own image and network", "argv": nginx},
    ]
