# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets that a deploy over a server set up by hand would use, each known or yet to be generated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._backup.sealed_passwords import SealedPasswords
from .._base import secret_store, state
from .._base.command import RunCommand
from .._postgres import login
from .._release.description import Database, Secret
from .._secrets import environment, fixed
from .._server.engine import Docker


@dataclass(frozen=True)
class InForce:
    """Values by name of the secret, the containers that some were taken from, and what keeps a deploy from going on."""

    values: dict[str, str] = field(repr=False)
    taken: dict[str, str]
    problems: list[str]


def read(run_command: RunCommand, params: Mapping[str, Any], project: str) -> InForce:
    """Return what a deploy would use: what is given, what databases open with, what containers were made with, what is stored.

    What is stored beside a tree that is not ours was never live, or is no longer.
    """
    try:
        store = secret_store.load(params["secrets_file"])
    except state.StateError:
        store = {}  # secret_store says what is wrong with it.
    secrets = [state.fit(one, Secret) for one in params["secrets"]]
    databases = [Database(**one) for one in params["databases"]]
    volumes, allow_published = Docker(run_command).volumes(), params["allow_published"]
    locked = fixed.locked(secrets, databases, project, store, {}, {}, params["unprefixed_volumes"])
    sealed = SealedPasswords(run_command, params["path"], project)
    passwords, problems = fixed.prove(run_command, locked, volumes, allow_published, sealed.of)
    kept = {one.name for one in locked if one.volume in volumes}
    running = environment.in_force(
        run_command, project, [one for one in secrets if not one.value and one.name not in kept], allow_published
    )
    known = {one.name: one.value or store[one.name] for one in secrets if one.value or one.name in store}
    places = {one.name: one.container for one in locked if one.name in passwords} | running.containers
    return InForce(
        {**known, **_presumed(run_command, locked, sealed), **passwords, **running.values}, places, [*problems, *running.problems]
    )


def _presumed(run_command: RunCommand, locked: Iterable[fixed.Locked], sealed: SealedPasswords) -> dict[str, str]:
    """Return the passwords that databases were made with which do not run: a deploy proves them first, but the comparison can go on.

    What is stored beside a tree that is not ours was generated, and no database was made with it.
    """
    found = dict[str, str]()
    for one in locked:
        container = None if one.given else login.find(run_command, one.container)
        if container and container.status != "running":
            generated = container.password in ("", one.stored)
            found[one.name] = (next(iter(sealed.of(one.container)), "") if generated else "") or container.password
    return {name: password for name, password in found.items() if password}
