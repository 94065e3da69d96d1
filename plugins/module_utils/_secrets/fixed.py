# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords with which volumes were initialised: never generated where the volume exists, never believed without a login.

PostgreSQL's image reads POSTGRES_USER and POSTGRES_PASSWORD once, when it initialises an empty volume. Whatever is given later
changes nothing, and an app that is started with another password is refused by its own database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.published_secrets import is_published
from .._postgres import login
from .._postgres.login import DatabaseContainer
from .._release.description import Database, Secret, volume_name

# The options of modules that are given secrets and the databases they open.
SECRET_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "value": {"type": "str", "default": "", "no_log": True},
    "fixed": {"type": "bool", "default": False},
    "database": {"type": "str", "default": ""},
    "taken_from": {
        "type": "dict",
        "options": {"container": {"type": "str", "required": True}, "variable": {"type": "str", "required": True}},
    },
    "length": {"type": "int", "default": 32},
    "at_first_start": {"type": "bool", "default": False},
}
DATABASE_OPTIONS: dict[str, dict[str, Any]] = {
    "container": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "volume": {"type": "str", "default": ""},
}

# What no line of an environment file could carry.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class NotProven(PlatformError):
    """A password cannot be used as it is; the message says what to do."""


@dataclass(frozen=True)
class Locked:
    """A password and the database that opens with it. Volume is its whole name on the server."""

    name: str
    container: str
    database: str
    user: str
    volume: str
    given: str = field(default="", repr=False)
    stored: str = field(default="", repr=False)
    # Whether the store lacks it, so that what is stored was read back from the files of the live release.
    read_back: bool = True
    # With which user the live release logs in, empty where nothing is known of that.
    live_user: str = ""

    @property
    def settled(self) -> bool:
        """Say whether the wanted value is the one that the live release uses, with the same user."""
        same = not self.given or self.given == self.stored
        return bool(self.stored) and not self.read_back and same and self.live_user == self.user

    @property
    def where(self) -> str:
        return f"database {self.database} in container {self.container}"

    @property
    def change(self) -> str:
        """Say how to give the database another password, so that it is on no screen, in no history and in no process list."""
        if self.live_user:
            return f"{rotation(self.name)} gives the database and the app another one, together"
        return (
            f"`docker exec -it {self.container} psql -U {self.user} -d {self.database} -c '\\password'` asks for the new one twice; "
            f"then give it as {self.name} in an encrypted inventory, and deploy at once: until then the running app, which has the "
            "old one, gets no new connections"
        )


def rotation(name: str) -> str:
    """Return the command that rotates a secret of an app that is deployed."""
    return f"ansible-playbook rotate_secrets.yml -e secret={name}"


def locked(
    wanted: Iterable[Secret],
    databases: Iterable[Database],
    project: str,
    store: Mapping[str, str],
    kept: Mapping[str, str],
    live_users: Mapping[str, str],
    unprefixed: Container[str] = (),
) -> list[Locked]:
    """Return the wanted secrets that are passwords of described databases. Kept is what the live files hold of the store."""
    described = {one.container: one for one in databases if one.volume}
    return [
        Locked(
            secret.name,
            database.container,
            database.name,
            database.user,
            volume_name(project, database.volume, unprefixed),
            secret.value,
            store.get(secret.name, kept.get(secret.name, "")),
            secret.name not in store,
            live_users.get(database.container, ""),
        )
        for secret in wanted
        if secret.fixed and (database := described.get(secret.database))
    ]


def prove(
    run_command: RunCommand,
    secrets: Iterable[Locked],
    volumes: Iterable[str],
    allow_published: bool = False,
    sealed: Callable[[str], Iterable[str]] = lambda _container: (),
) -> tuple[dict[str, str], list[str]]:
    """Return the values that were taken from containers, by secret, and what is wrong, all of it at once.

    Sealed is asked for the passwords that backups have of a container's database, where nothing else opens it.

    Nothing is asked of a database whose password and user are those of the live release, or whose volume is yet to be made.
    A password that everybody knows is refused unless that is allowed.
    """
    existing, taken, problems = set(volumes), dict[str, str](), list[str]()
    for secret in secrets:
        if secret.settled or secret.volume not in existing:
            continue
        try:
            value = _proven(run_command, secret, allow_published, sealed)
        except NotProven as problem:
            problems.append(str(problem))
            continue
        if value and not secret.given and value != secret.stored:
            taken[secret.name] = value
    return taken, problems


def _proven(run_command: RunCommand, secret: Locked, allow_published: bool, sealed: Callable[[str], Iterable[str]]) -> str:
    container = login.find(run_command, secret.container)
    if container is None or secret.volume not in container.volumes:
        return _unproven(secret, container)
    if container.status != "running":
        raise NotProven(
            f"{secret.name}: expected container {secret.container} to run, since only a login proves the password with which volume "
            f"{secret.volume} was initialised, got it {container.status}. Start it (`docker start {secret.container}`), then deploy again."
        )
    # What is stored may be what an older version of ours generated for a volume that opens with another one.
    candidates = [secret.given] if secret.given else chain((secret.stored, container.password), sealed(secret.container))
    refusals = dict[str, str]()
    for value in candidates:
        if not value or value in refusals:
            continue
        refusals[value] = login.complaint(run_command, container, secret.user, secret.database, value)
        if not refusals[value]:
            return _fit_to_use(secret, value, allow_published)
    if not refusals:
        raise NotProven(
            f"{secret.name}: expected the password with which volume {secret.volume} was initialised, got none: it is neither in the "
            f"inventory nor in the environment of container {secret.container} (POSTGRES_PASSWORD), nor in a backup. Give it as "
            f"{secret.name} in an encrypted inventory."
        )
    raise NotProven(_refused(secret, container, next(iter(reversed(refusals.values())))))


def is_fit(value: str) -> bool:
    """Say whether an environment file can hold a value."""
    return not _UNFIT.search(value)


def _fit_to_use(secret: Locked, value: str, allow_published: bool) -> str:
    """Return a proven password, unless everybody knows it or no file can hold it."""
    if is_published(value) and not allow_published:
        raise NotProven(
            f"{secret.name}: expected a password that nobody knows, got one that was printed in the public deployment guide: the "
            f"{secret.where} opens with it. Change it: {secret.change}."
        )
    if not secret.given and not is_fit(value):
        raise NotProven(
            f"{secret.name}: expected a password of one line without control characters, got another one: the {secret.where} "
            f"opens with it. Change it: {secret.change}."
        )
    return value


def _unproven(secret: Locked, container: DatabaseContainer | None) -> str:
    """Take what there is where no database runs that could be asked, or refuse to guess."""
    got = "there is no such container" if container is None else "that container has another volume"
    if secret.live_user not in ("", secret.user):
        raise NotProven(
            f"{secret.name}: expected the user {secret.live_user!r}, with which volume {secret.volume} is used, got {secret.user!r}, "
            f"which only a login to container {secret.container} could prove, and {got}. Take the other user out of the inventory."
        )
    if secret.given or secret.stored:
        return secret.given or secret.stored
    raise NotProven(
        f"{secret.name}: expected the password with which volume {secret.volume} was initialised, got none to take from container "
        f"{secret.container}: {got}. Start the container that used the volume until now, restore the store of secrets from a copy, or "
        f"give the password as {secret.name} in an encrypted inventory. A new one is never generated for a volume that exists."
    )


def _refused(secret: Locked, container: DatabaseContainer, said: str) -> str:
    """Say what was expected in the place of a password or user with which nobody gets in."""
    if secret.user != container.user and secret.live_user != secret.user:
        return (
            f"{secret.name}: expected the user {container.user!r}, with which volume {secret.volume} was initialised, got {secret.user!r}, "
            f"who cannot log in to the {secret.where}: {said}. PostgreSQL makes no user on an initialised volume. Set the database "
            f"user of the app to {container.user!r} (or make the other one by hand, with the rights on all that is there)."
        )
    got = f"as user {secret.user!r}, got one with which nobody gets in: {said}. "
    expected = f"{secret.name}: expected the password of the {secret.where}, {got}"
    if secret.given:
        return (
            f"{expected}PostgreSQL keeps the password with which its volume was initialised. Take {secret.name} out of the inventory to "
            f"keep the one it has, or change it first: {secret.change}."
        )
    return (
        f"{expected}Neither what is stored here nor the environment of the container nor a backup has it; give the right one as "
        f"{secret.name} in an encrypted inventory."
    )
