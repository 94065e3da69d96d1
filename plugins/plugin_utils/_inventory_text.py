# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes an inventory's files as a person would: short values in one line, texts as blocks, each with where it comes from."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

# In an inventory these begin templates.
_TEMPLATE = ("{{", "{%", "{#")


def scalar(value: Any) -> str:
    """Return a value in one line; a text with braces is marked, so that Ansible takes it as it is."""
    if not isinstance(value, str):
        return json.dumps(value)
    value = json.loads(json.dumps(value))  # Without the tags by which Ansible knows where it is from.
    plain = yaml.safe_dump(value, width=2**30, allow_unicode=True).removesuffix("\n").removesuffix("\n...")
    written = json.dumps(value, ensure_ascii=False) if "\n" in plain or plain[:1] == "'" else plain
    return f"!unsafe {json.dumps(value, ensure_ascii=False)}" if any(sign in value for sign in _TEMPLATE) else written


def flow(value: Any) -> str:
    """Return a value of lists and dictionaries in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_quoted(one) for one in value) + "]"
    return _quoted(value)


def _quoted(value: Any) -> str:
    """Return a value so that no comma or bracket in it ends anything."""
    if isinstance(value, (Mapping, list, tuple)):
        return flow(value)
    written = scalar(value)
    if isinstance(value, str) and written[0] not in '"!' and set(",[]{}#:") & set(written):
        return json.dumps(value, ensure_ascii=False)
    return written


def variable(name: str, value: Any) -> str:
    """Return a variable and its value."""
    if isinstance(value, str) and "\n" in value.strip("\n") and not value[:1].isspace():
        return f"{name}: !unsafe |\n{textwrap.indent(value.rstrip() + chr(10), '  ')}".rstrip("\n")
    if isinstance(value, Mapping) and value:
        return f"{name}:\n" + "\n".join(textwrap.indent(variable(scalar(str(key)), one), "  ") for key, one in value.items())
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return f"{name}:\n" + "\n".join(f"  - {flow(one)}" for one in value)
    return f"{name}: {flow(value) if isinstance(value, list | Mapping) else scalar(value)}"


def comment(text: str, width: int = 118) -> str:
    """Return a text as comment lines."""
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, width))


def hosts(name: str, variables: Mapping[str, Any]) -> str:
    """Return hosts.yml with one server."""
    lines = ["---", "rarebooks:", "  hosts:", f"    {scalar(name)}:{'' if variables else ' {}'}"]
    return "\n".join([*lines, *(f"      {key}: {scalar(value)}" for key, value in variables.items())]) + "\n"


def let_go(undecided: Iterable[str]) -> str:
    """Return the decisions that are open, each as a comment."""
    lines = [line.partition(": ") for line in undecided]
    if not lines:
        return ""
    heading = "Lost unless decided. Keep each by other variables, or take the signs # away before stack_let_go and before it."
    width = max(len(scalar(one)) for one, _colon, _why in lines)
    listed = [f"#   - {scalar(one).ljust(width)} # {why}" for one, _colon, why in lines]
    return "\n".join([comment(heading), "# stack_let_go:", *listed])
