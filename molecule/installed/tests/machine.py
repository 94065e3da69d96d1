"""The machine of an operator: a container that has the collection's artefact, an inventory, and nothing of a checkout."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import server
from deployment import HOST, NAME, ROOT, Deploy
from docker.errors import NotFound
from docker.models.containers import Container

from demo.common import LABEL, NETWORK
from demo.controller import IMAGE
from demo.server import directory

HOME = "/root/servers"
COMMUNITY = ROOT / "collections/ansible_collections/community"
# Where each thing lies on the machine.
CONTENT = {
    HOME: ROOT / "molecule/installed/operator",
    f"{HOME}/src/may_messenger_backend": ROOT / "demo/apps/maymessenger",
    "/root/.ssh/id_ed25519": directory(NAME) / "id_ed25519",
    # What the artefact depends on; Galaxy may be out of reach.
    "/usr/share/ansible/collections/ansible_collections/community": COMMUNITY.resolve(),
}
Typing = Callable[..., Deploy]


def packed() -> bytes:
    """Return all that is on the machine at first, as a tar archive."""
    (artefact,) = (ROOT / "build/artefact").glob("rarebooks-platform-*.tar.gz")
    _address, _blank, key = (directory(NAME) / "known_hosts").read_text().partition(" ")
    known, content = tarfile.TarInfo("root/.ssh/known_hosts"), f"{HOST} {key}".encode()
    known.size = len(content)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for place, origin in {**CONTENT, f"{HOME}/{artefact.name}": artefact}.items():
            archive.add(origin, place.lstrip("/"), filter=without_caches)
        archive.addfile(known, io.BytesIO(content))
    return buffer.getvalue()


def without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in Path(entry.name).parts else entry


def remove(name: str) -> None:
    try:
        docker.from_env().containers.get(name).remove(force=True)
    except NotFound:
        return


@pytest.fixture(scope="session")
def machine() -> Iterator[Container]:
    name = f"{HOST}-operator"
    remove(name)
    container = docker.from_env().containers.run(
        IMAGE.tag,
        detach=True,
        entrypoint=["sleep", "infinity"],
        hostname="laptop",
        init=True,
        labels={LABEL: "controller"},
        name=name,
        network=NETWORK,
    )
    # The image has the collection already, for those who do not install it themselves.
    container.exec_run(["rm", "-r", "/usr/share/ansible/collections/ansible_collections"])
    container.put_archive("/", packed())
    yield container
    remove(name)


@pytest.fixture(scope="session")
def typing(machine: Container) -> Typing:
    """Return a function that types a command on the operator's machine, and finds nothing in its output that is not for people."""

    def run(*command: str, code: int = 0) -> Deploy:
        exit_code, output = machine.exec_run(list(command), workdir=HOME)
        done = Deploy(exit_code, output.decode())
        print(done.output)
        assert done.code == code
        # What Ansible warns of, and line ends that somebody would have to read as such: it adds the result, as data, to errors alone.
        unwelcome = ["Traceback", "WARNING", "DEPRECATION", *([] if code else ["\\n"])]
        assert [sign for sign in unwelcome if sign in done.output] == []
        assert [value for value in server.secrets() if value in done.output] == []
        return done

    return run
