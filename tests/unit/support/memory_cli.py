"""Docker's command line over an engine in memory, as far as a server is looked at with it."""

from __future__ import annotations

import json
from typing import Any

from memory_engine import PROJECT_LABEL, Engine


class DockerCommands:
    """Stands in for AnsibleModule.run_command; a program that is not known is missing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, argv: list[str]) -> tuple[int, str, str]:
        words = [word for word in argv if not word.startswith("-") and "{{" not in word]
        said = self.say(" ".join(words[:3]), argv)
        return (127, "", f"{argv[0]}: not found") if said is None else (0, said, "")

    def say(self, words: str, argv: list[str]) -> str | None:
        containers = self.engine.running
        if words == "docker version":
            return "26.1.5+dfsg1\n"
        if words == "docker info":
            return json.dumps({"ContainersRunning": sum(one["State"]["Status"] == "running" for one in containers.values())})
        if words == "docker ps" and "--quiet" in argv:
            return "".join(f"{one['Id'][:12]}\n" for one in containers.values())
        if words == "docker ps":
            return "".join(json.dumps(self.row(name)) + "\n" for name in containers)
        if words.startswith("docker container inspect"):
            return "".join(json.dumps(self.layout(one)) + "\n" for one in containers.values())
        if words == "docker image ls":
            return "\n".join(sorted(set(self.engine.tags.values())))
        if words.startswith("docker image inspect"):
            images = {image["Id"]: image["RepoTags"] for image in self.engine.api.images()}
            return "\n".join(json.dumps([one, tags, None, self.engine.labels.get(one), 0]) for one, tags in images.items())
        if words.startswith(("docker network", "docker volume")):
            return ""
        return None

    def row(self, name: str) -> dict[str, Any]:
        """Return a container as `docker ps` shows it; the proxy alone publishes ports."""
        ports = "0.0.0.0:80->80/tcp, 0.0.0.0:443->443/tcp" if name == "nginx" else "5432/tcp"
        return {
            "Names": name,
            "Ports": ports,
            "Status": "Up 1 second",
            "Project": self.engine.running[name]["Config"]["Labels"][PROJECT_LABEL],
        }

    def layout(self, inspected: dict[str, Any]) -> dict[str, Any]:
        """Return a container as `docker container inspect` shows it in the form that the module asks for."""
        return {
            "id": inspected["Id"],
            "name": inspected["Name"],
            "status": inspected["State"]["Status"],
            "labels": inspected["Config"]["Labels"],
            "networks": inspected["NetworkSettings"]["Networks"],
            "image": inspected["Image"],
            "asked_for": inspected["Config"]["Image"],
        }
