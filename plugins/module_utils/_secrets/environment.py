# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets with which a container was made, such as the key that signs sessions: another one would log everybody out.

They are read on the server, through Docker's command line alone, and stay there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._base.command import RunCommand
from .._base.published_secrets import is_published
from .._engine.containers import PROJECT_LABEL
from .._release.description import Secret
from .fixed import is_fit

_LAYOUT = '{"labels":{{json .Config.Labels}},"environment":{{json .Config.Env}}}'


@dataclass
class InForce:
    """What containers were made with: values and containers by secret, and what is wrong."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    containers: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def other_than(self, store: Mapping[str, str]) -> InForce:
        """Return what is not stored yet."""
        differing = [name for name, value in self.values.items() if store.get(name) != value]
        return InForce({one: self.values[one] for one in differing}, {one: self.containers[one] for one in differing}, self.problems)


def in_force(run_command: RunCommand, project: str, secrets: Iterable[Secret], allow_published: bool) -> InForce:
    """Return the secrets with which the project's containers were made, whether they run or not.

    One that everybody knows is left where it is unless that is allowed: the apps are then given another one.
    """
    found, environments = InForce(), dict[str, dict[str, str]]()
    for secret in secrets:
        if secret.taken_from is None:
            continue
        name = secret.taken_from.container
        if name not in environments:
            environments[name] = _environment(run_command, project, name)
        value = environments[name].get(secret.taken_from.variable, "")
        if not value or (is_published(value) and not allow_published):
            continue
        if is_fit(value):
            found.values[secret.name], found.containers[secret.name] = value, name
        else:
            found.problems.append(
                f"{secret.name}: expected a value of one line without control characters in {secret.taken_from.variable} of container "
                f"{name}, got another one, which no environment file could carry. Give another one as {secret.name} in an encrypted "
                "inventory; what was made with the one of today, such as sessions, ends with it."
            )
    return found


def _environment(run_command: RunCommand, project: str, container: str) -> dict[str, str]:
    """Return what a container of the project was made with; nothing where there is no such container, or no engine answers."""
    try:
        code, output, _error = run_command(["docker", "container", "inspect", "--format", _LAYOUT, container], handle_exceptions=False)
    except OSError:
        return {}
    if code != 0:
        return {}
    inspected = json.loads(output)
    if (inspected["labels"] or {}).get(PROJECT_LABEL) != project:
        return {}
    return dict(line.partition("=")[::2] for line in inspected["environment"] or [])
