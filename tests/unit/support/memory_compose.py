"""Docker Compose over an engine in memory: stands in for AnsibleModule.run_command."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import docker.errors
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import SERVICE_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.dotenv import unquote
from memory_engine import CONFIG_LABEL, PROJECT_LABEL, Engine, refusal


class Compose:
    """Makes the containers of a project's file, and keeps every command that was run."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.asked: list[list[str]] = []
        # What any other program answers, by its first words; one that is not listed succeeds and says nothing.
        self.answers: dict[str, tuple[int, str, str]] = {}

    def __call__(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        self.asked.append(argv)
        looked = look(self.engine, argv)
        if looked is not None:
            return 0, looked, ""
        if "--project-name" not in argv:
            return next((said for words, said in self.answers.items() if " ".join(argv).startswith(words)), (0, "", ""))
        at = argv.index("--project-name")
        project, verb, options = argv[at + 1], argv[at + 2], argv[at + 3 :]
        document = yaml.safe_load(Path(argv[argv.index("--file") + 1]).read_text())
        for settings in document["services"].values():
            settings.update(with_environment(settings, argv))
        if verb == "config":
            # What it prints could be its own input, in which a dollar is two.
            return 0, json.dumps({"networks": {}, **document}).replace("$", "$$"), ""
        named = [word for word in options if word in document["services"]]
        try:
            return (
                0,
                "",
                "".join(
                    self._up(project, service, settings, argv, document.get("networks") or {})
                    for service, settings in document["services"].items()
                    if not named or service in named
                ),
            )
        except docker.errors.APIError as error:
            return 1, "", f"Error response from daemon: {error.explanation}\n"

    def _up(self, project: str, service: str, settings: dict[str, Any], argv: list[str], networks: dict[str, Any]) -> str:
        """Bring one service about as `up` does, and return what Compose says of it."""
        name, image = settings.get("container_name", f"{project}-{service}-1"), settings["image"]
        dry, force, starts = "--dry-run" in argv, "--force-recreate" in argv, "--no-start" not in argv
        # A definition without its dependencies is another one.
        config = config_hash({key: value for key, value in settings.items() if key != "depends_on" or "--no-deps" not in argv})
        identifier, there = self.engine.image(image), self.engine.running.get(name)
        if there and not force and (there["Image"], there["Config"]["Labels"].get(CONFIG_LABEL)) == (identifier, config):
            what = "Running" if there["State"]["Status"] in ("running", "paused") else "Created"
        else:
            what = "Recreate" if there else "Creating"
        if not dry and what in ("Recreate", "Creating"):
            labels = {PROJECT_LABEL: project, SERVICE_LABEL: service, CONFIG_LABEL: config}
            mounts = located(settings, argv)
            self.engine.make(name, image, labels=labels, environment=settings.get("environment", {}))
            self.engine.running[name]["NetworkSettings"]["Networks"] = attached(service, settings, networks)
            self.engine.network_names |= attached(service, settings, networks).keys()
            self.engine.running[name]["Mounts"] = mounts
        if not dry and starts and what != "Running":
            self.engine.containers.get(name).start()
        return f" Container {name}  {what}\n"


def with_environment(settings: dict[str, Any], argv: list[str]) -> dict[str, Any]:
    """Return a service's environment with what its environment file says."""
    if "env_file" not in settings:
        return {}
    file = Path(argv[argv.index("--project-directory") + 1]) / settings["env_file"]
    pairs = (line.partition("=") for line in file.read_text().splitlines())
    return {"environment": {name: unquote(value) for name, _equals, value in pairs}, "env_file": None}


def attached(service: str, settings: dict[str, Any], networks: dict[str, Any]) -> dict[str, Any]:
    """Return the networks of a service's container; most tests name none, and then all share one."""
    wanted = settings.get("networks") or {"net": None}
    return {
        (networks.get(key) or {}).get("name", key): {
            "Aliases": [service, *((wanted[key] or {}).get("aliases", []) if isinstance(wanted, dict) else [])]
        }
        for key in wanted
    }


def located(settings: dict[str, Any], argv: list[str]) -> list[dict[str, str]]:
    """Return what a service mounts of the server, as the engine shows it."""
    directory = Path(argv[argv.index("--project-directory") + 1] if "--project-directory" in argv else ".")
    mounts = [mount for mount in settings.get("volumes", []) if isinstance(mount, dict)]
    for mount in mounts:
        if not mount.get("bind", {}).get("create_host_path", True) and not (directory / mount["source"]).exists():
            raise refusal(400, f"invalid mount config for type {mount['type']!r}: bind source path does not exist")
    return [{"Type": one["type"], "Source": str(directory / one["source"]), "Destination": one["target"]} for one in mounts]


def config_hash(settings: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def look(engine: Engine, argv: list[str]) -> str | None:
    """Return what Docker's command line shows of containers and images, None for any other command."""
    verb = argv[1:3]
    if verb[:1] == ["ps"] and "--filter" in argv:
        project = argv[-1].rpartition("=")[2]
        return "\n".join(one["Id"] for one in engine.listed(True, {"label": f"{PROJECT_LABEL}={project}"}).values())
    if verb[:1] == ["diff"]:
        return "".join(f"A {one['Path']}\n" for one in engine.api.diff(argv[2]) or [])
    if verb == ["container", "inspect"]:
        return json.dumps([engine.find(name) for name in argv[3:]])
    if verb == ["image", "inspect"]:
        return json.dumps([{"Id": engine.image(name), "Config": {}} for name in argv[3:]])
    return None
