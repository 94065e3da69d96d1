"""A server in memory on which somebody set a project up by hand, and the release that adopts it."""

from __future__ import annotations

import json
from typing import Any

from machine import Machine
from memory_engine import PROJECT

ADOPT = {"adopt": True}
LATER = {**ADOPT, "adopt_proxy": "later"}


class HandMade(Machine):
    """A server whose project somebody wrote a Compose file for, with more words than the release has."""

    def start(self, **changed: dict[str, Any]) -> None:
        images = {"nginx": "nginx:1", "db": "postgres:15", "web": "web:1"}
        services: dict[str, dict[str, Any]] = {
            name: {"image": image, "container_name": name, "restart": "unless-stopped"} for name, image in images.items()
        }
        services["web"]["logging"] = {"driver": "json-file"}
        services["db"]["expose"] = ["5432"]
        mount = {"type": "bind", "source": str(self.root / "nginx" / "nginx_prod.conf"), "target": "/etc/nginx/nginx.conf"}
        services["nginx"]["volumes"] = [mount]
        for name, settings in changed.items():
            services[name] |= settings
        (self.root / "nginx").mkdir(exist_ok=True)
        (self.root / "nginx" / "nginx_prod.conf").write_text("events {}\n")
        (self.root / "docker-compose.yml").write_text(json.dumps({"services": services}))
        self.compose(["docker", "compose", "--file", str(self.root / "docker-compose.yml"), "--project-name", PROJECT, "up"])
        self.postgres.write("db", "chat", "Users", 3)

    def adopt(self, number: int = 1, check: bool = False, **options: Any) -> dict[str, Any]:
        options = {**ADOPT, **options}
        if check:
            return self.deploy(number, check=True, **options)
        run = self.run()
        sealed = self.seal(run, successor=self.description())
        assert not sealed.get("failed"), sealed["msg"]
        self.sealed = sealed["id"]
        return self.switch(run, **{"files": self.files(number), "backup": sealed["id"], **options})

    @property
    def ids(self) -> dict[str, str]:
        return {name: one["Id"] for name, one in self.engine.running.items()}

    def replaced_since(self, before: dict[str, str]) -> set[str]:
        return {name for name, identifier in self.ids.items() if before.get(name) != identifier}

    def networks(self) -> dict[str, set[str]]:
        """Return the networks of the app's containers."""
        return {name: set(self.engine.running[name]["NetworkSettings"]["Networks"]) for name in ("db", "web")}

    def apart(self, **more: Any) -> list[dict[str, str]]:
        """Return release 1, whose database is on a network of its app alone, with more words about it."""
        compose, described, *others = self.saying("db", networks={"own": None}, **more)
        document, description = json.loads(compose["content"]), json.loads(described["content"])
        document["services"]["web"]["networks"] = {"all": None, "own": None}
        document["networks"] = {"all": {"name": "net", "external": True}, "own": {"name": f"{PROJECT}_own", "internal": True}}
        description["apps"][0]["databases"][0]["network"] = "own"
        return [{**compose, "content": json.dumps(document)}, {**described, "content": json.dumps(description)}, *others]

    def networked(self) -> list[dict[str, str]]:
        """Return release 1, whose database says which network it is on."""
        return self.saying("db", networks={"net": None})

    def saying(self, service: str, **more: Any) -> list[dict[str, str]]:
        """Return release 1 with more words about a service."""
        [compose, *others] = self.files(1)
        document = json.loads(compose["content"])
        document["services"][service] |= more
        return [{**compose, "content": json.dumps(document)}, *others]
