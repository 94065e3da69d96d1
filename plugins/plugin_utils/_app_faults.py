# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the description of an app: one sentence for each fault, all of them at once.

What is not known is refused: of an app that says ``database`` in place of ``databases``, nothing would ever be dumped.
"""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._health.probes import DEFAULT_TYPE, TYPES
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import (
    APP_DESCRIPTION,
    App,
    AppFile,
    ContainerFile,
    Database,
    EnvironmentVariable,
    Secret,
    Source,
)
from ansible_collections.rarebooks.platform.plugins.plugin_utils._variables import got

# Types by what people call one and several of them.
WORDS: dict[Any, tuple[str, str]] = {
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    bool: ("true or false", "truth values"),
    dict: ("a dictionary", "dictionaries"),
    App: ("an app", "apps"),
    AppFile: ("a file", "files"),
    Database: ("a database", "databases"),
    Secret: ("a secret", "secrets"),
    ContainerFile: ("a file of a container", "files of containers"),
    EnvironmentVariable: ("an environment variable", "environment variables"),
    Source: ("a source", "sources"),
    **dict.fromkeys(TYPES.values(), ("a probe", "probes")),
}
# The network that all apps share, by its key in each one's Compose file.
SHARED_NETWORK = "rarebooks_network"
FILTERS = {int: "int", bool: "bool"}


@dataclass(frozen=True)
class Incomputable:
    """Stands for a value that cannot be computed, such as one that names a variable which is not defined: it hides no other fault."""

    error: str


@dataclass(frozen=True)
class _Place:
    """Where a value stands, and whether it may be shown."""

    name: str
    hidden: bool = False

    def below(self, key: str, hidden: bool = False) -> _Place:
        return replace(self, name=f"{self.name}{key}", hidden=self.hidden or hidden)

    def fault(self, expected: str, value: Any, advice: str = "") -> str:
        return f"{self.name}: expected {expected}, got {got(value, self.hidden)}.{advice}"


def read(variable: str, value: Any) -> tuple[App | None, list[str]]:
    """Return the app that a variable describes, and none but what is wrong with it where anything is."""
    faults = list(_faults(value, App, _Place(variable)))
    if faults:
        return None, faults
    app: App = state.fit(value, App)
    faults = list(_contradictions(variable, app))
    return (None, faults) if faults else (app, [])


def called(shape: Any) -> str:
    """Return what people call a value of a type."""
    kind, arguments = _taken_apart(shape)
    if kind is tuple:
        return f"a list of {WORDS[_one_of(arguments[0])][1]}"
    if kind is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if kind is Union:
        return " or ".join(called(one) for one in arguments)
    return WORDS[kind][0]


def _taken_apart(shape: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return what kind of type one is, and what it is made of; one that need not be given is as if it had to."""
    kind, arguments = get_origin(shape) or shape, get_args(shape)
    if kind not in (Union, types.UnionType):
        return kind, arguments
    given = tuple(one for one in arguments if one is not type(None))
    return _taken_apart(given[0]) if len(given) == 1 else (Union, given)


def _one_of(shape: Any) -> Any:
    """Return what stands for a type in words; of probes any of their types does."""
    kind, arguments = _taken_apart(shape)
    return arguments[0] if kind is Union else kind


def _faults(value: Any, shape: Any, place: _Place) -> Iterator[str]:
    kind, arguments = _taken_apart(shape)
    if isinstance(value, Incomputable) or shape is Any:
        yield from _incomputable(value, place)
        return
    if value is None and type(None) in get_args(shape):
        return
    if kind is Union:
        yield from _faults_of_union(value, arguments, shape, place)
    elif is_dataclass(kind):
        # An empty one is none where none has to be given.
        if value or type(None) not in get_args(shape) or not isinstance(value, Mapping):
            yield from _faults_of_record(value, kind, place)
    elif kind is tuple:
        yield from _faults_of_list(value, arguments[0], shape, place)
    elif kind is dict:
        yield from _faults_of_dictionary(value, arguments[1], place)
    elif kind is Literal:
        if value not in arguments:
            yield place.fault(called(shape), value)
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield place.fault(called(shape), value, _conversion(value, kind))


def _incomputable(value: Any, place: _Place) -> Iterator[str]:
    if isinstance(value, Incomputable):
        yield f"{place.name}: its value cannot be computed: {value.error}"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _incomputable(item, place.below(f".{key}"))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, item in enumerate(value):
            yield from _incomputable(item, place.below(f"[{number}]"))


def _conversion(value: Any, kind: Any) -> str:
    if kind in FILTERS and isinstance(value, str):
        return f" Convert it: {{{{ ... | {FILTERS[kind]} }}}}."
    return " Put it in quotes." if kind is str and isinstance(value, (int, float)) else ""


def _faults_of_union(value: Any, shapes: Sequence[Any], shape: Any, place: _Place) -> Iterator[str]:
    """Find faults of a probe by its type; of other values where they are of none of some types."""
    if not any(is_dataclass(one) for one in shapes):
        if all(any(_faults(value, one, place)) for one in shapes):
            yield place.fault(called(shape), value)
    elif not isinstance(value, Mapping):
        yield place.fault("a probe, which is a dictionary", value)
    else:
        name = value.get("type", DEFAULT_TYPE)
        if isinstance(name, Incomputable):
            yield from _incomputable(name, place.below(".type"))
        elif name in TYPES:
            yield from list(_faults_of_record(value, TYPES[name], place)) or _refused(value, TYPES[name], place)
        else:
            yield place.below(".type").fault(f"a type of probes ({', '.join(TYPES)})", name, _nearest(str(name), list(TYPES)))


def _faults_of_list(value: Any, shape: Any, whole: Any, place: _Place) -> Iterator[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        for number, item in enumerate(value):
            yield from _faults(item, shape, place.below(f"[{number}]"))
        return
    alone = not place.hidden and isinstance(value, (str, int)) and not any(_faults(value, shape, place))
    yield place.fault(called(whole), value, f" Write [{json.dumps(value, ensure_ascii=False)}]." if alone else "")


def _faults_of_dictionary(value: Any, shape: Any, place: _Place) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield place.fault("a dictionary", value)
        return
    for key, item in value.items():
        yield from _faults(item, shape, place.below(f".{key}"))


def _faults_of_record(value: Any, shape: Any, place: _Place) -> Iterator[str]:
    """Find keys that are not known, missing ones, and wrong values; a misspelt one is not told of as missing as well."""
    if not isinstance(value, Mapping):
        yield place.fault(f"{WORDS[shape][0]}, which is a dictionary", value)
        return
    known, hints = {one.name: one for one in fields(shape)}, get_type_hints(shape)
    meant = set()
    for key in (str(key) for key in value if key not in known):
        near = difflib.get_close_matches(key, [name for name in known if name not in value], n=1)
        meant |= set(near)
        advice = f"Write {near[0]}" if near else f"Its keys are {', '.join(known)}"
        yield f"{place.name}: expected the keys of {WORDS[shape][0]} (app description {APP_DESCRIPTION}), got {key}. {advice}."
    for name, one in known.items():
        if name in value:
            yield from _faults(value[name], hints[name], place.below(f".{name}", bool(one.metadata.get("hidden"))))
        elif is_required(one) and name not in meant:
            empty = f" Write {name}: [] where there are none." if one.default == () else ""
            yield f"{place.name}: expected {name} in it, {called(hints[name])}, got no such key.{empty}"


def is_required(one: Any) -> bool:
    """Say whether a description has to state a field."""
    return bool(one.metadata.get("required")) or state.default_of(one) is MISSING


def _refused(value: Mapping[str, Any], shape: Any, place: _Place) -> Iterator[str]:
    """Find what a record of right keys and types refuses by itself, such as an address that is none."""
    try:
        state.fit(value, shape)
    except state.Misfit as error:
        yield f"{place.name}: {error}."


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Write {near[0]}." if near else ""


def _contradictions(variable: str, app: App) -> Iterator[str]:
    """Find references to what the app does not have."""
    for number, database in enumerate(app.databases):
        place = _Place(f"{variable}.databases[{number}]")
        yield from _unknown(place.below(".container"), database.container, app.containers, "containers")
        yield from _unknown(place.below(".volume"), database.volume, app.volumes, "volumes")
        if database.network == SHARED_NETWORK:
            yield place.below(".network").fault(
                "a network of this app alone", database.network, f" Leave it out: {SHARED_NETWORK} is meant then."
            )
    for number, file in enumerate(app.kept_files):
        place = _Place(f"{variable}.kept_files[{number}]")
        yield from _unknown(place.below(".container"), file.container, app.containers, "containers")
        if not file.path.startswith("/") or state.complaint(file.path[1:]):
            yield place.below(".path").fault("the absolute path of a file", file.path)
    for number, volume in enumerate(app.unprefixed_volumes):
        yield from _unknown(_Place(f"{variable}.unprefixed_volumes[{number}]"), volume, app.volumes, "volumes")
    databases = [one.container for one in app.databases]
    for container in sorted({one for one in databases if databases.count(one) > 1}):
        yield (
            f"{variable}.databases: expected one in each container, got {databases.count(container)} in {container}: dumps, restores and "
            "rollbacks go by container. Give each a container of its own."
        )
    for number, secret in enumerate(app.secrets):
        place = _Place(f"{variable}.secrets[{number}]")
        if secret.database:
            yield from _unknown(place.below(".database"), secret.database, databases, "containers of databases")
        if secret.taken_from:
            yield from _unknown(place.below(".taken_from.container"), secret.taken_from.container, app.containers, "containers")
        if secret.database and secret.taken_from:
            yield f"{place.name}: expected database or taken_from, got both. The password of a database is taken from its container anyway."


def _unknown(place: _Place, name: str, known: Sequence[str], what: str) -> Iterator[str]:
    if name not in known:
        yield place.fault(f"one of the app's {what} ({', '.join(known) or 'none'})", name, _nearest(name, known))
