"""A Docker engine in memory, at the boundary of the SDK's client: what docker.from_env() returns.

What it says of containers and images is what a real one says: tests/integration/postgres/test_memory_engine.py asks both the same.
"""

from __future__ import annotations

import copy
import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, cast

import docker.errors
import requests
from memory_programs import Answer, Call, Program, connect

if TYPE_CHECKING:
    from docker import DockerClient

PROJECT_LABEL = "com.docker.compose.project"
CONFIG_LABEL = "com.docker.compose.config-hash"
PROJECT = "shop"
EPOCH = datetime(2026, 11, 24, 12, 0, 0, tzinfo=timezone.utc)


def refusal(status: int, explanation: str, kind: type[docker.errors.APIError] = docker.errors.APIError) -> docker.errors.APIError:
    """Return the error with which an engine refuses something."""
    response = requests.Response()
    response.status_code = status
    return kind(f"{status} at http+docker://", response, explanation)


# A file's content, mode, user and group.
File = tuple[bytes, int, int, int]


class Engine:
    """Containers by name as `docker inspect` shows them, images by the names that stand for them, and all that was changed."""

    def __init__(self, root: str = "/", *programs: Program, registry: dict[str, str] | None = None) -> None:
        self.root = root
        # Containers whatever their state.
        self.running: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, str] = {}
        self.labels: dict[str, dict[str, str]] = {}
        # Name: digest, of images that came from a registry or can be pulled from it.
        self.digests: dict[str, str] = {}
        # Images of which the engine gives the beginning alone.
        self.cut_off: set[str] = set()
        self.registry = registry or {}
        self.programs, self.calls, self.events = list(programs), list[Call](), list[str]()
        self.log = b""
        # How a container of an image turns out when it is started: what its health check says, or that it exits.
        self.turns_out: dict[str, str] = {}
        # How often the program of a container has been told to read its configuration anew, as nginx is.
        self.reloads: dict[str, int] = {}
        # What containers, by id, and images have in their own file systems: content, mode, user and group by path.
        self.files: dict[str, dict[str, File]] = {}
        self._made = 0
        self.api, self.containers, self.networks = Api(self), Containers(self), Networks(self)
        # The names of volumes.
        self.volume_names: set[str] = set()
        self.volumes = Volumes(self)
        # The names of networks, beside those that containers are in.
        self.network_names: set[str] = set()
        # How often each has been made, since another one has another id.
        self.network_names_made: dict[str, int] = {}
        self.network_labels: dict[str, dict[str, str]] = {}

    @property
    def client(self) -> DockerClient:
        """Return it as what it stands in for."""
        return cast("DockerClient", self)

    def ping(self) -> bool:
        return True

    def info(self) -> dict[str, str]:
        return {"DockerRootDir": self.root}

    def has_image(self, name: str, identifier: str) -> None:
        self.tags[with_tag(name)] = identifier

    def run(self, name: str, image: str, identifier: str, project: str = PROJECT, health: str = "healthy") -> None:
        """Make an image and a container of it, as Compose makes them."""
        self.has_image(image, identifier)
        labels = {PROJECT_LABEL: project, CONFIG_LABEL: f"config of {name}"}
        self.make(name, image, labels=labels)
        self.running[name]["State"] |= self.started(health)

    def make(self, name: str, image: str, labels: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
        """Make a container that does not run yet."""
        environment = [f"{key}={value}" for key, value in settings.get("environment", {}).items()]
        self._made += 1
        self.running[name] = {
            "Id": hashlib.sha256(f"{name} {self._made}".encode()).hexdigest(),
            "Name": f"/{name}",
            "Image": self.image(image),
            "RestartCount": 0,
            "Mounts": [],
            "State": {"Status": "created", "ExitCode": 0, "Error": "", "Pid": 0, "StartedAt": "0001-01-01T00:00:00Z"},
            "Config": {"Image": image, "Labels": dict(labels or {}), "Env": environment},
            "HostConfig": {
                "NetworkMode": settings.get("network_mode", "bridge"),
                "RestartPolicy": settings.get("restart_policy", {"Name": "unless-stopped", "MaximumRetryCount": 0}),
                "Mounts": settings.get("mounts", []),
            },
            "NetworkSettings": {"Networks": {"bridge": {"Aliases": None}}},
        }
        return self.running[name]

    def started(self, health: str) -> dict[str, Any]:
        """Return the state of a container that has just been started, and whose program ends or is as healthy as that."""
        self._made += 1
        moment = (EPOCH + timedelta(seconds=self._made)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if health == "exited":
            return {"Status": "exited", "ExitCode": 1, "Pid": 0, "StartedAt": moment}
        state = {"Status": "running", "ExitCode": 0, "Pid": 10_000_000 + self._made, "StartedAt": moment}
        return state if health == "none" else {**state, "Health": {"Status": health}}

    def image(self, name: str) -> str:
        """Return the id of the image that a name stands for."""
        identifier = self.tags.get(with_tag(name), name)
        if identifier not in self.tags.values():
            raise refusal(404, f"No such image: {name}", docker.errors.ImageNotFound)
        return identifier

    def find(self, name: str) -> dict[str, Any]:
        found = [one for key, one in self.running.items() if name in (key, one["Id"])]
        if not found:
            raise refusal(404, f"No such container: {name}", docker.errors.NotFound)
        return found[0]

    def listed(self, all: bool, filters: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the containers that a filter lets through."""
        return {name: one for name, one in self.running.items() if fits(name, one, all, filters)}

    def prune(self, keep: Callable[[list[str]], str]) -> None:
        """Do what `docker system prune --all` does to images: of one that a container uses a single name stays."""
        used = {one["Image"] for one in self.running.values()}
        self.tags = {keep(image["RepoTags"]): image["Id"] for image in self.api.images() if image["Id"] in used}

    def answer(self, call: Call) -> Answer:
        return next((said for program in self.programs if (said := program(call))), Answer(""))

    def called(self, text: str) -> list[Call]:
        return [call for call in self.calls if text in call]

    def children(self, pid: int) -> set[str]:
        """Return the workers of a container's program: other ones after each reload."""
        name = next(key for key, one in self.running.items() if one["State"]["Pid"] == pid)
        return {f"{name} {self.reloads.get(name, 0)}"}


def with_tag(name: str) -> str:
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"


def fits(name: str, inspected: dict[str, Any], all: bool, filters: dict[str, Any]) -> bool:
    """Say whether a container is one that was asked for."""
    key, equals, value = filters.get("label", "").partition("=")
    labels, status = inspected["Config"]["Labels"], inspected["State"]["Status"]
    return (
        (all or "status" in filters or status in ("running", "paused", "restarting"))
        and (not key or (labels.get(key) == value if equals else key in labels))
        and ("name" not in filters or bool(re.search(filters["name"], f"/{name}")))
        and ("network" not in filters or filters["network"] in inspected["NetworkSettings"]["Networks"])
        and ("status" not in filters or status == filters["status"])
    )


class Api:
    """As much of docker.APIClient as we use."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def containers(self, all: bool = False, filters: dict[str, str] | None = None) -> list[dict[str, Any]]:
        found = self._engine.listed(all, filters or {})
        return [
            {"Id": one["Id"], "Names": [f"/{name}"], "ImageID": one["Image"], "Labels": one["Config"]["Labels"]}
            for name, one in found.items()
        ]

    def inspect_container(self, name: str) -> dict[str, Any]:
        return copy.deepcopy(self._engine.find(name))

    def create_container_from_config(self, config: dict[str, Any], name: str) -> dict[str, str]:
        made = self._engine.make(name, config["Image"], labels=config["Labels"])
        made["NetworkSettings"]["Networks"] = {
            network: {"Aliases": one["Aliases"], "DNSNames": [name, *one["Aliases"]]}
            for network, one in config["NetworkingConfig"]["EndpointsConfig"].items()
        }
        return {"Id": made["Id"]}

    def diff(self, name: str) -> list[dict[str, Any]] | None:
        changed = self._engine.files.get(self._engine.find(name)["Id"], {})
        return [{"Path": path, "Kind": 1} for path in sorted(changed)] or None

    def get_archive(self, name: str, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        content, mode, uid, gid = self._file(self._engine.find(name), path)
        member = tarfile.TarInfo(Path(path).name)
        member.size, member.mode, member.uid, member.gid = len(content), mode, uid, gid
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.addfile(member, io.BytesIO(content))
        return iter([buffer.getvalue()]), {}

    def _file(self, found: dict[str, Any], path: str) -> File:
        for mount in found["Mounts"]:
            if mount["Destination"] == path:
                place = Path(mount["Source"])
                status = place.stat()
                return place.read_bytes(), status.st_mode & 0o7777, status.st_uid, status.st_gid
        for owner in (found["Id"], found["Image"]):
            if path in self._engine.files.get(owner, {}):
                return self._engine.files[owner][path]
        raise refusal(404, f"Could not find the file {path} in container {found['Name']}", docker.errors.NotFound)

    def put_archive(self, name: str, directory: str, data: bytes) -> bool:
        found = self._engine.find(name)
        self._engine.events.append(f"put {name}")
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                stream = archive.extractfile(member)
                assert stream is not None
                written = self._engine.files.setdefault(found["Id"], {})
                written[f"{directory.rstrip('/')}/{member.name}"] = (stream.read(), member.mode, member.uid, member.gid)
        return True

    def logs(self, name: str, **_how: Any) -> bytes:
        self._engine.find(name)
        return self._engine.log

    def inspect_image(self, name: str) -> dict[str, Any]:
        identifier = self._engine.image(name)
        pulled = [(one, digest) for one, digest in self._engine.digests.items() if self._engine.tags.get(with_tag(one)) == identifier]
        digests = [f"{re.sub(':[^/:]*$', '', one)}@{digest}" for one, digest in pulled]
        return {"Id": identifier, "RepoTags": [tag for tag, of in self._engine.tags.items() if of == identifier], "RepoDigests": digests}

    def get_image(self, name: str) -> Iterator[bytes]:
        # An archive ends with zeros; one that was cut off does not.
        return iter([b"saved ", self._engine.image(name).encode(), *([] if name in self._engine.cut_off else [bytes(1000), bytes(24)])])

    def load_image(self, data: IO[bytes]) -> Iterator[dict[str, str]]:
        identifier = data.read().rstrip(b"\0").decode().removeprefix("saved ")
        if not identifier.startswith("sha256:"):
            yield {"error": "invalid tar header"}
            return
        self._engine.tags[f"loaded:{len(self._engine.tags)}"] = identifier
        yield {"stream": "Loaded"}

    def images(self, name: str | None = None, filters: dict[str, str] | None = None) -> list[dict[str, Any]]:
        found = []
        for identifier in sorted(set(self._engine.tags.values())):
            tags = [tag for tag, of in self._engine.tags.items() if of == identifier]
            label = (filters or {}).get("label", "")
            has = not label or label.partition("=")[2] == self._engine.labels.get(identifier, {}).get(label.partition("=")[0])
            if has and (name is None or any(tag.startswith(f"{name}:") for tag in tags)):
                found.append({"Id": identifier, "RepoTags": tags})
        return found

    def tag(self, identifier: str, repository: str, tag: str) -> None:
        self._engine.tags[f"{repository}:{tag}"] = self._engine.image(identifier)

    def remove_image(self, tag: str) -> None:
        identifier = self._engine.image(tag)
        last = list(self._engine.tags.values()).count(identifier) == 1
        if last and any(one["Image"] == identifier for one in self._engine.running.values()):
            raise refusal(409, f"conflict: unable to remove repository reference {tag!r}: a container is using its referenced image")
        del self._engine.tags[with_tag(tag)]

    def inspect_distribution(self, name: str) -> dict[str, Any]:
        return {"Descriptor": {"digest": self._ask(name, "ask")}}

    def pull(self, repository: str, tag: str, stream: bool, decode: bool) -> Iterator[dict[str, str]]:
        assert stream and decode
        name = f"{repository}@{tag}" if tag.startswith("sha256:") else f"{repository}:{tag}".removesuffix(":latest")
        digest = self._ask(name, "pull")
        yield {"status": "Pulling"}
        if digest == "broken":
            yield {"error": "unexpected EOF"}
        self._engine.has_image(name, f"id of {digest}")
        self._engine.digests[name] = digest

    def _ask(self, name: str, how: str) -> str:
        self._engine.events.append(f"{how} {name}")
        if name not in self._engine.registry:
            raise refusal(500, "manifest unknown")
        return self._engine.registry[name]

    def exec_create(
        self, container: str, command: list[str], stdin: bool = False, environment: dict[str, str] | None = None, user: str = ""
    ) -> dict[str, Any]:
        status = self._engine.find(container)["State"]["Status"]
        if status != "running":
            raise refusal(409, f"container {container} is not running")
        argv = command[4:] if command[:2] == ["sh", "-c"] else command
        self._engine.calls.append(Call(container, argv, environment or {}, user=user))
        return {"Id": len(self._engine.calls) - 1}

    def exec_start(self, number: int, socket: bool = False) -> Any:
        call = self._engine.calls[number]
        if socket:
            # What the SDK returns can only be read; its connection goes both ways.
            return SimpleNamespace(_sock=connect(call, self._engine.answer, self._engine.events), close=lambda: None)
        answer = self._engine.answer(call)
        call.code = answer.code
        call.ended.set()
        return answer.stdout + answer.stderr

    def exec_inspect(self, number: int) -> dict[str, Any]:
        call = self._engine.calls[number]
        return {"Running": not call.ended.is_set(), "ExitCode": call.code, "Pid": 0}


class Containers:
    """As much of docker.DockerClient.containers as we use."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self, all: bool = False, filters: dict[str, Any] | None = None) -> list[Container]:
        return [Container(self._engine, name) for name in self._engine.listed(all, filters or {})]

    def get(self, name: str) -> Container:
        return Container(self._engine, self._engine.find(name)["Name"].lstrip("/"))

    def create(self, image: str, *, name: str, **settings: Any) -> Container:
        if name in self._engine.running:
            raise refusal(409, f'Conflict. The container name "/{name}" is already in use')
        self._engine.make(name, image, **settings)
        return Container(self._engine, name, "create")


class Volumes:
    """As much of docker.DockerClient.volumes as we use."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> list[Volume]:
        return [Volume(self._engine, name) for name in sorted(self._engine.volume_names)]

    def get(self, name: str) -> Volume:
        found = Volume(self._engine, name)
        assert found.attrs  # An engine says so at once where there is none.
        return found

    def create(self, name: str, labels: dict[str, str] | None = None) -> Volume:
        self._engine.events.append(f"create volume {name}")
        self._engine.volume_names.add(name)
        made = Volume(self._engine, name)
        os.makedirs(made.attrs["Mountpoint"], exist_ok=True)
        return made


class Volume:
    """A volume by its name."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self.name = engine, name

    @property
    def attrs(self) -> dict[str, Any]:
        if self.name not in self._engine.volume_names:
            raise refusal(404, f"get {self.name}: no such volume", docker.errors.NotFound)
        return {"Name": self.name, "Mountpoint": os.path.join(self._engine.root, "volumes", self.name, "_data"), "Labels": None}

    def remove(self) -> None:
        self._engine.events.append(f"remove volume {self.name}")
        self._engine.volume_names.remove(self.name)


class Networks:
    """As much of docker.DockerClient.networks as we use."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, name: str) -> Network:
        attached = {network for one in self._engine.running.values() for network in one["NetworkSettings"]["Networks"]}
        if name not in self._engine.network_names | attached:
            raise refusal(404, f"network {name} not found", docker.errors.NotFound)
        self._engine.network_names.add(name)
        return Network(self._engine, name)

    def create(self, name: str, driver: str = "bridge", internal: bool = False, labels: dict[str, str] | None = None) -> Network:
        self._engine.events.append(f"create {'internal ' if internal else ''}network {name}")
        self._engine.network_labels[name] = dict(labels or {})
        self._engine.network_names_made[name] = self._engine.network_names_made.get(name, 0) + 1
        self._engine.network_names.add(name)
        return Network(self._engine, name)

    def list(self, names: list[str] | None = None, filters: dict[str, str] | None = None) -> list[Network]:
        if filters:  # None has labels.
            return []
        attached = {network for one in self._engine.running.values() for network in one["NetworkSettings"]["Networks"]}
        found = sorted(self._engine.network_names | attached)
        # An engine takes a part of a name for a name.
        return [Network(self._engine, name) for name in found if names is None or any(part in name for part in names)]


class Network:
    """A network, which a running container may leave and join."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self.name, self.id = engine, name, f"id of {name} {engine.network_names_made.get(name, 0)}"

    def connect(self, container: str, aliases: list[str] | None = None) -> None:
        found = self._engine.find(container)
        attached, mode = found["NetworkSettings"]["Networks"], found["HostConfig"]["NetworkMode"]
        if mode.startswith("id of ") and mode not in [one.id for one in self._engine.networks.list()]:
            raise refusal(404, f"could not find a network matching network mode {mode}", docker.errors.NotFound)
        if self.name in attached:
            raise refusal(403, f"endpoint with name {container} already exists in network {self.name}")
        self._engine.events.append(f"connect {container} {self.name}")
        attached[self.name] = {"Aliases": list(aliases or [])}

    def remove(self) -> None:
        if any(self.name in one["NetworkSettings"]["Networks"] for one in self._engine.running.values()):
            raise refusal(403, f"error while removing network: network {self.name} has active endpoints")
        self._engine.events.append(f"remove network {self.name}")
        self._engine.network_names.discard(self.name)

    def disconnect(self, container: str, force: bool = False) -> None:
        self._engine.events.append(f"disconnect {container} {self.name}")
        del self._engine.find(container)["NetworkSettings"]["Networks"][self.name]


class Container:
    """One container, as it was when it was asked for."""

    def __init__(self, engine: Engine, name: str, made: str = "") -> None:
        self._engine, self.name = engine, name
        self.attrs = copy.deepcopy(engine.find(name))
        self.id, self.status = self.attrs["Id"], self.attrs["State"]["Status"]
        if made:
            self._note(made)

    def _note(self, what: str) -> dict[str, Any]:
        self._engine.events.append(f"{what} {self.name}")
        return self._engine.find(self.id)

    def start(self) -> None:
        found = self._note("start")
        if found["State"]["Status"] != "running":
            found["State"] |= self._engine.started(self._engine.turns_out.get(found["Image"], "healthy"))

    def rename(self, name: str) -> None:
        if name in self._engine.running:
            raise refusal(409, f'Conflict. The container name "/{name}" is already in use')
        found = self._note(f"rename to {name}")
        self._engine.running[name] = self._engine.running.pop(found["Name"].lstrip("/"))
        found["Name"] = f"/{name}"

    def stop(self, timeout: int | None = None) -> None:
        self._note("stop")["State"] |= {"Status": "exited", "ExitCode": 0, "Pid": 0}

    def restart(self) -> None:
        found = self._note("restart")
        found["State"] |= self._engine.started(self._engine.turns_out.get(found["Image"], "healthy"))

    def pause(self) -> None:
        self._note("pause")["State"]["Status"] = "paused"

    def unpause(self) -> None:
        self._note("unpause")["State"]["Status"] = "running"

    def update(self, restart_policy: dict[str, Any]) -> None:
        self._note("update")["HostConfig"]["RestartPolicy"] = restart_policy

    def remove(self, v: bool = False, force: bool = False) -> None:
        found = self._note("remove")
        if found["State"]["Status"] == "running" and not force:
            raise refusal(409, "cannot remove container: container is running: stop the container before removing or force remove")
        del self._engine.running[self.name]

    def exec_run(self, argv: list[str]) -> tuple[int, bytes]:
        call = Call(self.name, argv)
        self._engine.calls.append(call)
        answer = self._engine.answer(call)
        if answer.code == 0 and argv[-1] == "reload":
            self._engine.reloads[self.name] = self._engine.reloads.get(self.name, 0) + 1
        return answer.code or 0, answer.stdout + answer.stderr
