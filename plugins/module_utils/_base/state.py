# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading what we wrote down ourselves: JSON of a known shape, or one error that says which file, what is wrong, and what to do.

A shape is a type: a dataclass, a TypedDict, dict, list, tuple, a union, a Literal, or a plain value. Keys that a shape does not know are
passed over, since a newer version may have written them; what older ones wrote otherwise, a dataclass brings up to date itself, by a class
method ``upgraded`` from and to a dictionary.
"""

from __future__ import annotations

import json
import math
import posixpath
import types
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from .errors import PlatformError
from .files import read_if_exists

Shape = TypeVar("Shape")
NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


class StateError(PlatformError):
    """A file of ours cannot be used as it is; the message says which, what is wrong with it, and what to do."""


class Misfit(PlatformError, ValueError):
    """A value is not of its shape."""


def load(path: str, shape: type[Shape], remedy: str) -> Shape | None:
    """Return what a file says, None where there is none. Remedy is the end of the sentence where it says nothing."""
    try:
        content = read_if_exists(path)
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror}. {remedy}") from None
    return None if content is None else parse(path, content, shape, remedy)


def parse(path: str, content: bytes, shape: type[Shape], remedy: str) -> Shape:
    """Return what the content of a file says."""
    try:
        return decode(content, shape)
    except Misfit as error:
        raise StateError(f"{path} is damaged: {error}. {remedy}") from None


def decode(content: bytes, shape: type[Shape]) -> Shape:
    """Return what a JSON text says, or raise Misfit."""
    try:
        data = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Misfit(f"expected JSON, got something else ({error or 'nested too deeply'})") from None
    fitted: Shape = fit(data, shape)
    return fitted


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def fit(value: Any, shape: Any, where: str = "") -> Any:
    """Return a value as its shape has it, or raise Misfit and name the place."""
    kind = get_origin(shape) or shape
    if shape is Any:
        return value
    if kind in (Union, types.UnionType):
        return _fit_one_of(value, get_args(shape), where)
    if _is_record(shape):
        return _fit_record(_plain(value, dict, where), shape, where)
    if kind is dict:
        _key, one = get_args(shape) or (str, Any)
        return {name: fit(item, one, _below(where, name)) for name, item in _plain(value, dict, where).items()}
    if kind is Literal:
        return _fit_choice(value, get_args(shape), where)
    if kind in (list, tuple):
        one = (get_args(shape) or (Any,))[0]
        return kind(fit(item, one, f"{where}[{number}]") for number, item in enumerate(_plain(value, list, where)))
    return _plain(value, kind, where)


def plain(value: Any) -> Any:
    """Return a value as JSON has it, its records without what would be the same if they did not state it."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if getattr(value, one.name) != default_of(one)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def default_of(one: Field[Any]) -> Any:
    """Return what a field of a record is where nothing is stated; MISSING where it has to be."""
    return one.default if one.default_factory is MISSING else one.default_factory()


def _fit_choice(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    if value not in choices:
        prefix = f"{where}: " if where else ""
        raise Misfit(f"{prefix}expected {' or '.join(map(str, choices))}, got something else")
    return value


def _fit_one_of(value: Any, shapes: tuple[Any, ...], where: str) -> Any:
    problems = []
    for shape in shapes:
        try:
            return fit(value, shape, where)
        except Misfit as error:
            problems.append(error)
    raise problems[0]


def _fit_record(value: dict[str, Any], shape: Any, where: str) -> Any:
    hints = _hints(shape)
    if hasattr(shape, "upgraded"):
        value = shape.upgraded(value)
    missing = sorted(_required(shape) - value.keys())
    if missing:
        raise Misfit(f"{where or 'it'} has no {' and no '.join(missing)}")
    known = {name: fit(value[name], hints[name], _below(where, name)) for name in hints if name in value}
    if is_typeddict(shape):
        return {**value, **known}
    try:
        return shape(**known)
    except ValueError as error:  # What a record refuses by itself, such as an address that is none.
        raise Misfit(f"{where}: {error}" if where else str(error)) from None


@cache
def _hints(shape: Any) -> dict[str, Any]:
    """Return the types of a record's fields. To find out takes Python longer than to read one, and a server has many manifests."""
    return get_type_hints(shape)


def _is_record(shape: Any) -> bool:
    return is_dataclass(shape) or is_typeddict(shape)


def _required(shape: Any) -> set[str]:
    if is_typeddict(shape):
        return set(shape.__required_keys__)
    return {one.name for one in fields(shape) if default_of(one) is MISSING}


def _plain(value: Any, kind: Any, where: str) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)  # True is one to Python, and none to whoever wrote it.
    if kind is float and number:
        value = float(value)
    if not isinstance(value, kind) or (kind is int and not number) or (kind is float and not math.isfinite(value)):
        prefix = f"{where}: " if where else ""
        raise Misfit(f"{prefix}expected {NAMES.get(kind, kind)}, got {_called(value)}")
    return value


def _called(value: Any) -> str:
    """Return what a value is called; not the value itself, which may be a secret."""
    if isinstance(value, float) and not math.isfinite(value):
        return "no finite number"
    return NAMES.get(type(value), type(value).__name__)


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def complaint(path: str) -> str:
    """Return why a path from a file of ours does not stay below its directory, nothing where it does."""
    if not path or "\0" in path or posixpath.isabs(path) or posixpath.normpath(path) != path or path == ".":
        return f"{path!r} is not a normalised relative path"
    return f"{path!r} leads out of its directory" if path.split("/")[0] == ".." else ""


def check_paths(paths: Any) -> None:
    """Raise Misfit where a path leads out of its directory, or through another one, which may be a link."""
    known = set(paths)
    for path in sorted(known):
        if problem := complaint(path):
            raise Misfit(problem)
        parts = path.split("/")
        through = {"/".join(parts[:depth]) for depth in range(1, len(parts))} & known
        if through:
            raise Misfit(f"{path!r} lies below {sorted(through)[0]!r}, which is a file")
