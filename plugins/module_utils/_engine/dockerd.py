# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""With which flags systemd starts the engine, and which ones the engine that runs was started with.

An option that is given both as a flag and in daemon.json keeps the engine from starting.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .._base.files import read_if_exists
from .._base.process import command_of

UNIT = "docker.service"
PROPERTIES = ("LoadState", "UnitFileState", "MainPID", "ExecStart", "Environment", "EnvironmentFiles")


@dataclass(frozen=True)
class Unit:
    """The engine's unit: whether systemd has it, whether it is started at boot, its process, and its command line."""

    loaded: bool = False
    state: str = ""
    pid: int = 0
    command: list[str] = field(default_factory=list)


def split(text: str) -> list[str]:
    """Split a text into words as systemd does; one with unbalanced quotes at its blanks."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def assignments(text: str) -> dict[str, str]:
    """Return the variables of an EnvironmentFile=, systemd.exec(5): a value ends with its line and may be quoted."""
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        name, separator, value = line.strip().partition("=")
        if separator and name[:1] not in "#;":
            value = value.strip()
            found[name.strip()] = (split(value) or [""])[0] if value[:1] in ("'", '"') else value
    return found


def expand(words: Iterable[str], variables: dict[str, str]) -> list[str]:
    """Put variables in, systemd.service(5): $NAME as a word of its own becomes several words, ${NAME} a part of one."""
    expanded = []
    for word in words:
        alone = re.fullmatch(r"\$(\w+)", word)
        if alone:
            expanded += split(variables.get(alone[1], ""))
        else:
            expanded.append(re.sub(r"\$\{(\w+)\}", lambda match: variables.get(match[1], ""), word))
    return expanded


def parse(shown: str) -> Unit:
    """Return the unit from the output of `systemctl show`."""
    pairs = [line.split("=", 1) for line in shown.splitlines() if "=" in line]
    one = dict(pairs)
    variables = dict(word.split("=", 1) for word in split(one.get("Environment", "")) if "=" in word)
    for name, value in pairs:
        if name == "EnvironmentFiles":
            content = read_if_exists(value.rpartition(" (")[0] or value) or b""
            variables.update(assignments(content.decode(errors="replace")))
    argv = re.search(r"argv\[\]=(.*?) ; ", one.get("ExecStart", ""))
    command = expand(split(argv[1]), variables) if argv else []
    return Unit(one.get("LoadState") == "loaded", one.get("UnitFileState", ""), int(one.get("MainPID") or 0), command)


def read_unit(output: Callable[..., str]) -> Unit:
    """Return the engine's unit; output runs a command and returns what it printed."""
    return parse(output("systemctl", "show", UNIT, *(f"--property={name}" for name in PROPERTIES)))


def flags(unit: Unit) -> list[str]:
    """Return the names of the flags, without their values, of the next start and of the engine that runs."""
    words = [*unit.command[1:], *command_of(unit.pid)[1:]]
    return list(dict.fromkeys(word.split("=", 1)[0] for word in words if word.startswith("-")))
