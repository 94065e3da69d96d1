"""What must be the same on an adopted server as before, and what an operator does there."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import server
from by_hand import containers
from contract import DIRECTORY
from deployment import ROOT, operator_environment

PROXY = "nginx_container"
# Names that a container of somebody else on the shop's network finds.
NAMES = ["backend", "rarebooks_backend", "db_maymessenger", "proxy"]
DATABASES = {"rarebooks_books_db": "RareBooks_Books", "rarebooks_users_db": "RareBooks_Users", "db_maymessenger": "maymessenger"}
TO_GO_BACK = re.compile(r"To go back: (ansible-playbook \S.*)$", re.MULTILINE)
MOVE = re.compile(r"(ansible-playbook \S.*deploy\.yml -e stack_adopt_proxy=now)")


@dataclass(frozen=True)
class Before:
    """The server as somebody set it up: containers by their ids, files, and what other people have on it."""

    containers: dict[str, str]
    files: str
    foreign: str
    volumes: str


def look() -> Before:
    return Before(containers(), files(), foreign(), server.run("docker", "volume", "ls", "--quiet"))


def files() -> str:
    """Return the sums of the files that were written by hand."""
    return server.shell(
        f"cd {DIRECTORY} && sha256sum docker-compose.yml nginx/nginx_prod.conf && stat -c '%a %u %n' docker-compose.yml nginx/*.conf"
    )


def foreign() -> str:
    """Return what a container of another project has, and which of the shop's names it finds."""
    asked = "; ".join(f"getent hosts {name} >/dev/null && echo {name}" for name in NAMES)
    return server.run("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{json .Mounts}}", "blog") + server.run(
        "docker", "exec", "blog", "sh", "-c", f"{asked}; true"
    )


def rows() -> dict[str, int]:
    """Return how many rows there are of those that were written before anything was ours."""
    query, present = ["-At", "-c", "SELECT count(*) FROM by_hand"], containers()
    return {
        container: int(server.run("docker", "exec", container, "psql", "-U", "postgres", "-d", database, *query))
        for container, database in DATABASES.items()
        if container in present
    }


def policy() -> str:
    """Return the restart policy of the container that somebody gave another one than ours."""
    return server.run("docker", "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", "rarebooks_frontend").strip()


def made_anew(before: dict[str, str]) -> set[str]:
    """Return the containers that are not those of before."""
    return {name for name, identifier in containers().items() if before.get(name) != identifier}


def type_command(command: str, inventory: Path) -> str:
    """Run a command as it was printed, where an operator of one inventory would, and return what it says."""
    done = subprocess.run(
        shlex.split(command),
        cwd=ROOT,
        env=operator_environment() | {"ANSIBLE_INVENTORY": str(inventory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
