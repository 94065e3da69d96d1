"""The server of the scenario living as Docker's command line showed it, and what that is asked, with answers that tests change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._adoption.wanted import Release
from ansible_collections.rarebooks.platform.plugins.module_utils._release import description
from ansible_collections.rarebooks.platform.plugins.module_utils._release.composed import Composed

DATA = Path(__file__).resolve().parents[1] / "data/adoption"
SERVICES = ["backend", "db_books", "db_maymessenger", "db_users", "frontend", "maymessenger_backend", "maymessenger_web_client", "proxy"]


def load(name: str) -> Any:
    """Return what was recorded."""
    return json.loads((DATA / f"{name}.json").read_text())


@dataclass
class Recorded:
    """Answers a command line as the server did. Containers and answers may be changed before it is asked."""

    containers: list[dict[str, Any]] = field(default_factory=lambda: load("containers"))
    diffs: dict[str, str] = field(default_factory=lambda: load("diff"))
    nginx: tuple[int, str, str] = field(default_factory=lambda: (0, (DATA / "nginx.txt").read_text(), ""))
    services: list[str] = field(default_factory=lambda: list(SERVICES))
    # What the project's own Compose file says of some of them.
    own: dict[str, Any] = field(default_factory=dict)
    # By the words of the command, before the recorded ones.
    answers: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)

    def container(self, name: str) -> dict[str, Any]:
        return next(one for one in self.containers if one["Name"] == f"/{name}")

    def __call__(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        self.asked.append(argv)
        line = " ".join(argv)
        for words, answer in self.answers.items():
            if words in line:
                return answer
        return self._recorded(argv)

    def _recorded(self, argv: list[str]) -> tuple[int, str, str]:
        named = {one["Id"]: one["Name"].lstrip("/") for one in self.containers}
        match argv[1:]:
            case ["ps", "--all", *_rest]:
                return 0, "\n".join(named), ""
            case ["container", "inspect", *identifiers] if identifiers[0] != "--format":
                return 0, json.dumps([one for one in self.containers if one["Id"] in identifiers]), ""
            case ["image", "inspect", *identifiers] if identifiers[0] != "--format":
                return 0, json.dumps([one for one in load("images") if one["Id"] in identifiers]), ""
            case ["diff", identifier]:
                return 0, self.diffs[named[identifier]], ""
            case ["exec", _identifier, "nginx", "-T"]:
                return self.nginx
            case ["volume", "ls", *_rest]:
                return 0, "\n".join(f"{name}\t/var/lib/docker/volumes/{name}/_data" for name in sorted(self.volumes())), ""
            case ["compose", *_rest, "config", "--format", "json"]:
                return 0, json.dumps({"services": {name: self.own.get(name, {}) for name in self.services}}), ""
        return 1, "", "not recorded"

    def volumes(self) -> set[str]:
        return {mount["Name"] for one in self.containers for mount in one["Mounts"] if mount["Type"] == "volume"}


def release_of(containers: Mapping[str, Mapping[str, Any]], secrets: Mapping[str, str] | None = None) -> Release:
    """Return the release that has these containers, with their service, image, mounts and environment."""
    services = {
        one.get("service") or name: {
            "container_name": name,
            "image": one.get("image", ""),
            "volumes": [{"target": place, "source": source} for place, source in one.get("mounts", {}).items()],
            "environment": one.get("environment", {}),
            "restart": "unless-stopped",
        }
        for name, one in containers.items()
    }
    volumes = {source: {"name": source} for one in containers.values() for source in one.get("mounts", {}).values()}
    composed = Composed.of({"services": services, "volumes": volumes}, "rarebooksdokploy", description.Release())
    return Release(composed, "rarebooksdokploy", frozenset({"nginx_container"})).with_secrets(secrets or {})
