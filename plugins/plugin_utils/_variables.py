# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the values of variables are of the types that a role's argument specs state. Each function yields one sentence per fault.

Ansible's own validation of roles turns values into the type it wants, for its check alone: tasks and templates then get the text
``www.example.org`` in place of a list, or the number 1350 for an unquoted ``22:30``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import START

NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")
TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
FALSE = frozenset({"false", "no", "off", "n", "f", "0"})
YAML_WORDS = {True: ("on", "yes", "true"), False: ("off", "no", "false")}

Spec = Mapping[str, Any]


def problems(name: str, value: Any, spec: Spec) -> list[str]:
    """Return what is wrong with the value of a variable."""
    return [*_typed(name, value, spec, _Place(name, bool(spec.get("no_log")))), *_references(name, value)]


class _Place:
    """Which variable a value is in, for advice, and whether it may be shown."""

    def __init__(self, variable: str, hidden: bool) -> None:
        self.variable = variable
        self.hidden = hidden

    def got(self, value: Any) -> str:
        """Say what came in place of something else."""
        return got(value, self.hidden)


def got(value: Any, hidden: bool) -> str:
    """Say what came in place of something else, and the value itself unless it is to be hidden."""
    shown = value is not None and not hidden and isinstance(value, str | int | float)
    return f"the {_kind(value)} {json.dumps(value, ensure_ascii=False)}" if shown else without_value(value)


def without_value(value: Any) -> str:
    """Say of what kind a value is."""
    return "nothing" if value is None else f"a {_kind(value)}"


def _kind(value: Any) -> str:
    kinds = ((date, "date"), (bool, "truth value"), (int | float, "number"), (str, "text"), (Sequence, "list"), (Mapping, "dictionary"))
    return next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)


def _typed(name: str, value: Any, spec: Spec, place: _Place) -> Iterator[str]:
    check = CHECKS.get(spec.get("type", "str"))
    if check is not None:
        yield from check(name, value, spec, place)


def _text(name: str, value: Any, spec: Spec, place: _Place) -> Iterator[str]:
    choices = [str(choice) for choice in spec.get("choices") or []]
    if isinstance(value, bool) and len([word for word in YAML_WORDS[value] if word in choices]) == 1:
        return  # YAML's unquoted off, of which only one choice can be meant; modules take it for that.
    if not isinstance(value, str):
        yield f'{name}: expected a text, got {place.got(value)}. Put it in quotes, as in {name.rpartition(".")[2]}: "...".'
    elif choices and value not in choices:
        yield f"{name}: expected one of {', '.join(choices)}, got {place.got(value)}."


def _number(name: str, value: Any, _spec: Spec, place: _Place) -> Iterator[str]:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not (isinstance(value, str) and NUMBER.fullmatch(value)):
        yield f"{name}: expected a whole number, got {place.got(value)}."


def _truth(name: str, value: Any, _spec: Spec, place: _Place) -> Iterator[str]:
    if not isinstance(value, str | int) or str(value).strip().lower() not in TRUE | FALSE:
        written = f" Write {name}: true in a file, or -e {name}=true on a command line." if name == place.variable else ""
        yield f"{name}: expected true or false, got {place.got(value)}.{written}"


def _list(name: str, value: Any, spec: Spec, place: _Place) -> Iterator[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        yield f"{name}: expected a list, got {place.got(value)}.{_list_advice(name, value, place)}"
        return
    element = {**spec, "type": spec.get("elements", "raw"), "choices": spec.get("choices")}
    for number, item in enumerate(value):
        yield from _typed(f"{name}[{number}]", item, element, place)


def _list_advice(name: str, value: Any, place: _Place) -> str:
    if not isinstance(value, str) or place.hidden or name != place.variable:
        return " Write it as [one, two]."
    try:
        items = json.loads(value)
    except ValueError:
        items = [part.strip() for part in value.strip("[] ").split(",") if part.strip()]
    written = json.dumps(items if isinstance(items, list) else [value], ensure_ascii=False)
    return f" Write {name}: {written} in a file, or -e '{{\"{name}\": {written}}}' on a command line."


def _dictionary(name: str, value: Any, spec: Spec, place: _Place) -> Iterator[str]:
    if not isinstance(value, Mapping):
        example = f' Write {name}: {{key: value}} in a file, or -e \'{{"{name}": {{"key": "value"}}}}\' on a command line.'
        yield f"{name}: expected a dictionary, got {place.got(value)}.{example if name == place.variable else ''}"
        return
    options: Mapping[str, Spec] = spec.get("options") or {}
    for key, item in value.items() if options else []:
        if key in options:
            inside = _Place(place.variable, place.hidden or bool(options[key].get("no_log")))
            yield from _typed(f"{name}.{key}", item, options[key], inside)
        else:
            yield f"{name}: expected the keys {', '.join(options)}, got {key}."
    missing = [key for key, option in options.items() if option.get("required") and key not in value]
    if missing:
        yield f"{name}: expected {' and '.join(missing)} in it, got only {', '.join(map(str, value)) or 'an empty one'}."


def _references(name: str, value: Any) -> Iterator[str]:
    """A reference to a secret, given as a value, would become the secret in a file of the server."""
    if isinstance(value, str):
        if START in value:
            yield f"{name}: expected no {START} in it, since templates refer to secrets of the server by that. Write it otherwise."
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _references(f"{name}.{key}", item)
    elif isinstance(value, Sequence):
        for number, item in enumerate(value):
            yield from _references(f"{name}[{number}]", item)


CHECKS: dict[str, Callable[[str, Any, Spec, _Place], Iterator[str]]] = {
    "str": _text,
    "path": _text,
    "int": _number,
    "bool": _truth,
    "list": _list,
    "dict": _dictionary,
}
