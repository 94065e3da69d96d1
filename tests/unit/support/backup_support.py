"""An engine of containers and images in memory, and a server whose tree is a real directory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import docker.errors
import requests
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import seal
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import Manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.seal import Occasion
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import CONFIG_LABEL, PROJECT_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live

PROJECT = "shop"
NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=timezone.utc)


class Engine:
    """As much of docker.DockerClient as backups need."""

    def __init__(self, root: str = "/") -> None:
        self.root = root
        self.running: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, str] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.busy: set[str] = set()
        self.api = self

    def info(self) -> dict[str, str]:
        return {"DockerRootDir": self.root}

    def run(self, name: str, image: str, identifier: str, project: str = PROJECT, health: str = "healthy") -> None:
        labels = {PROJECT_LABEL: project, CONFIG_LABEL: f"config of {name}"}
        self.running[name] = {
            "Config": {"Image": image, "Labels": labels},
            "Image": identifier,
            "State": {"Status": "running", "Health": {"Status": health}},
        }
        self.tags[image] = identifier

    def containers(self, all: bool, filters: dict[str, str]) -> list[dict[str, Any]]:
        key, _equals, value = filters["label"].partition("=")
        return [
            {"Names": [f"/{name}"], "Labels": one["Config"]["Labels"]}
            for name, one in self.running.items()
            if one["Config"]["Labels"].get(key) == value
        ]

    def inspect_container(self, name: str) -> dict[str, Any]:
        return self.running[name]

    def inspect_image(self, name: str) -> dict[str, str]:
        identifier = self.tags.get(name if ":" in name else f"{name}:latest", name)
        if identifier not in self.tags.values():
            raise docker.errors.ImageNotFound(name)
        return {"Id": identifier}

    def tag(self, identifier: str, repository: str, tag: str) -> None:
        self.inspect_image(identifier)
        self.tags[f"{repository}:{tag}"] = identifier

    def images(self, name: str | None = None, filters: dict[str, str] | None = None) -> list[dict[str, Any]]:
        found = []
        for identifier in sorted(set(self.tags.values())):
            tags = [tag for tag, of in self.tags.items() if of == identifier]
            label = (filters or {}).get("label", "")
            has = not label or label.partition("=")[2] == self.labels.get(identifier, {}).get(label.partition("=")[0])
            if has and (name is None or any(tag.startswith(f"{name}:") for tag in tags)):
                found.append({"Id": identifier, "RepoTags": tags})
        return found

    def prune(self, keep: Callable[[list[str]], str]) -> None:
        """Do what `docker system prune --all` does to images: of one that a container uses a single name stays."""
        used = {one["Image"] for one in self.running.values()}
        self.tags = {keep(image["RepoTags"]): image["Id"] for image in self.images() if image["Id"] in used}

    def remove_image(self, tag: str) -> None:
        if tag in self.busy:
            response = requests.Response()
            response.status_code = 409
            raise docker.errors.APIError("conflict", response)
        del self.tags[tag]


def description(*apps: str) -> dict[str, Any]:
    return {
        "apps": [{"name": app, "title": app.title(), "containers": [app], "probes": [], "databases": []} for app in apps],
        "proxy": {"containers": ["nginx"]},
        "network": "net",
        "sources": {},
    }


def sealed(root: Path, engine: Engine, moment: datetime = NOON, apps: tuple[str, ...] = ("web",)) -> Manifest:
    """Seal what is live under root."""
    live = release_live.read(str(root), PROJECT, engine, description(*apps))
    return seal.seal(live, Occasion("a test", PROJECT), engine, {}, lambda: moment)[0]
