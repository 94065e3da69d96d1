# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML as Docker Compose reads it: PyYAML's own reading of ``on``, ``22:30``, ``0755`` and dates is another one."""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads the scalars of YAML 1.2, all others as texts."""


class _Dumper(yaml.SafeDumper):
    """Writes what either version of YAML reads alike, and each thing once: an alias says nothing to whoever reads the file."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


# Ansible's values know where they come from, and are of types of their own.
for _type in (str, int, float, dict, list):
    _Dumper.add_multi_representer(_type, _Dumper.yaml_representers[_type])


class NoYaml(ValueError):
    """A text is no YAML; the message says where."""


def load(text: str) -> Any:
    """Return what a YAML text says."""
    try:
        return _Loader(text).get_single_data()
    except yaml.YAMLError as error:
        raise NoYaml(" ".join(str(error).split())) from None


def dump(value: Any) -> str:
    """Return a value as YAML, its keys in their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
