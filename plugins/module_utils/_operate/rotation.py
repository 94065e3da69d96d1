# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Giving an app other secrets: which, of what value, and one transaction of its files, databases and containers.

The new values are noted beside the store before anything is given them, and stored when the app has been proven with them. What a
database accepts follows the files within the switch (_switch/passwords.py). So whatever cuts a rotation off, the next deploy or rollback
goes on with the old values or with the new ones, everywhere.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base import secret_store
from .._base.published_secrets import is_published
from .._engine.client import connect
from .._engine.containers import containers_of
from .._release import stopped
from .._release.description import App, Release, Secret
from .._run import lease as run_lease
from .._secrets.fixed import is_fit
from .._switch import preview
from .._switch.options import Invocation
from .._switch.transaction import SwitchRequest
from .._tree import diff as tree_diff
from .._tree.plan import LiveTree
from .._tree.validate import Validators
from . import standing, waiting
from .options import Options
from .standing import OperationError

STEP = "rotating secrets"
ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Choice:
    """The values that secrets get, and a sentence for each that keeps the one it has."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    kept: list[str] = field(default_factory=list)


def generate(length: int) -> str:
    """Return a random value that needs no quoting in env files, connection strings, URLs or shells."""
    return "".join(secrets.choice(ALPHABET) for _position in range(length))


def find_app(release: Release, app: str, secret: str) -> App:
    """Return the app that was named, or else the one that has the secret."""
    if app or not secret:
        return standing.app_named(release, app)
    for one in release.apps:
        if any(each.name == secret for each in one.secrets):
            return one
    raise unknown(secret, [each.name for one in release.apps for each in one.secrets])


def unknown(asked: str, names: list[str]) -> OperationError:
    """Return the error about a secret that the live release does not say that it has."""
    if names:
        return OperationError(f"secret: expected one of {', '.join(names)}, got {asked}. Nothing has been changed.")
    return OperationError(
        "release.json: expected the names of the secrets of the app, got none: it has none, or was deployed by a version before 0.4.0, "
        "which did not write them there. Nothing has been changed. Deploy first: ansible-playbook deploy.yml"
    )


def choose(app: App, asked: str, given: Mapping[str, str], stored: Mapping[str, str], make: Callable[[int], str] = generate) -> Choice:
    """Return what each secret of an app gets, or the one that is asked for; what cannot be is refused where it was asked for."""
    wanted = [one for one in app.secrets if asked in ("", one.name)]
    if not wanted:
        raise unknown(asked, [one.name for one in app.secrets])
    chosen, faults = Choice(), []
    for secret in wanted:
        value = given.get(secret.name, "")
        if reason := _reason_to_keep(secret, value, stored.get(secret.name, "")):
            chosen.kept.append(f"{secret.name} {reason}")
        elif fault := _fault(secret, value):
            faults.append(f"{secret.name}: {fault}")
        else:
            chosen.values[secret.name] = value or make(max(secret.length, len(stored[secret.name])))
    if faults or (asked and chosen.kept):
        raise OperationError("\n".join(["Nothing has been changed.", *faults, *(one for one in chosen.kept if asked)]))
    return chosen


def _reason_to_keep(secret: Secret, value: str, stored: str) -> str:
    if secret.at_first_start:
        return (
            "is read by the app when it starts on an empty database alone, so that another one would change nothing: change it in the app."
        )
    if not stored:
        return "is not stored on the server yet: the next deploy makes it."
    if value and value == stored:
        return f"is what the inventory gives. Give another one as {secret.name} there, or none, to have one made on the server."
    return ""


def _fault(secret: Secret, value: str) -> str:
    if not value:
        return ""
    if is_published(value):
        return "expected a value that nobody knows, got one that was printed in the public deployment guide."
    if len(value) < secret.min_length:
        return f"expected at least {secret.min_length} characters, got {len(value)}."
    return "" if is_fit(value) else "expected one line without control characters."


def rotate(options: Options, invocation: Invocation, name: str, asked: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Give an app other secrets, or foretell it, and return the result."""
    release = standing.release_of(options.path)
    standing.refuse_cut_off(options.path)
    app, stored = find_app(release, name, asked), secret_store.load(options.secrets_file)
    choice = choose(app, asked, given, stored)
    result: dict[str, Any] = {
        "app": app.name,
        "title": app.title,
        "rotated": sorted(choice.values),
        "kept": choice.kept,
        "databases": sorted(f"{one.name} in {one.container}" for one in _opened(app, choice)),
        "signing": sorted(one.name for one in app.secrets if one.name in choice.values and not one.database),
        "started": [],
        "release": "",
        "seconds": 0.0,
        "notes": [],
        "diff": [],
    }
    if not choice.values:
        return {"changed": False, **result}
    waiting.refuse(waiting.edits(options.path, proxy=True), app.containers)
    client = connect()
    standing.require_not_stopped(app, stopped.read(options.path, containers_of(client, options.project)), "its new secrets")
    if not invocation.check_mode:
        run_lease.begin_step(options.place, options.run.token, STEP, process=True)
    hidden = {**stored, **{f"new {key}": value for key, value in choice.values.items()}}
    server = standing.server_for(options, client, invocation.run_command, release, app, hidden)
    notes = [] if invocation.check_mode else standing.prepare(server)
    target, wanted = standing.target_for(release, app, LiveTree(options.path), choice.values, stored)
    _require_used(app, choice, target.files)
    if invocation.diff:
        result["diff"] = tree_diff.report(wanted, {}, hidden, True)["diff"]
    if invocation.check_mode:
        look = preview.Differing(server, target)
        Validators(invocation.run_command, options.path, [], hidden).validate_copy(target.files, invocation.tmpdir, look)
        _require_alone(app, choice, [name for name, differs in look.found.items() if differs])
        return {"changed": True, **result, "started": look.containers}
    request = SwitchRequest(target, options.run.to_dict(), options.backup, standing.validate(server), secrets=choice.values)
    done, live, told = standing.carry_through(options, server, request, wanted)
    return {"changed": True, **result, "started": done.started, "release": live, "seconds": done.seconds, "notes": [*notes, *told]}


def _opened(app: App, choice: Choice) -> list[Any]:
    containers = {one.database for one in app.secrets if one.name in choice.values}
    return [one for one in app.databases if one.container in containers]


def _require_alone(app: App, choice: Choice, containers: Iterable[str]) -> None:
    """Refuse a secret that another app has as well: its containers would go on with the old one, which nothing accepts any more."""
    others = sorted(set(containers) - set(app.containers))
    if others:
        raise OperationError(
            f"{', '.join(sorted(choice.values))}: expected containers of {app.title or app.name} alone to be given it, got "
            f"{' and '.join(others)} as well, which this command does not replace. Nothing has been changed. Rotate the others by "
            "-e secret=NAME, and give each app a secret of its own in the inventory."
        )


def _require_used(app: App, choice: Choice, files: list[Any]) -> None:
    """Refuse a secret that no file refers to: to store another one would change nothing, and say that it had."""
    used = {name for file in files for name in secret_store.referenced(file.source)}
    unused = sorted(choice.values.keys() - used)
    if unused:
        raise OperationError(
            f"{', '.join(unused)}: expected a file of {app.title} that it is written into, got none. Nothing has been changed. Name one of "
            f"its other secrets by -e secret=NAME: {', '.join(sorted({one.name for one in app.secrets} & used)) or 'there is none'}."
        )
