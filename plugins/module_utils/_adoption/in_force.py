# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets that a deploy over a server set up by hand would use, each known or yet to be generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base import secret_store, state
from .._base.command import RunCommand
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
    passwords, problems = fixed.prove(run_command, locked, volumes, allow_published)
    kept = {one.name for one in locked if one.volume in volumes}
    running = environment.in_force(
        run_command, project, [one for one in secrets if not one.value and one.name not in kept], allow_published
    )
    known = {one.name: one.value or store[one.name] for one in secrets if one.value or one.name in store}
    places = {one.name: one.container for one in locked if one.name in passwords} | running.containers
    return InForce({**known, **passwords, **running.values}, places, [*problems, *running.problems])
