# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter with which the role docker knows what daemon.json is to hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.rarebooks.platform.plugins.plugin_utils._daemon_config import wanted, without_restart

DOCUMENTATION = r"""
name: daemon_config
short_description: What C(daemon.json) of a server is to hold
version_added: 0.4.0
description:
  - Keeps what stands in the file, adds C(live-restore) and the rotation of logs, and puts the given options over both.
  - Where the file names a log driver or its options, rotation is left out. On a node of a Swarm nothing is added.
positional: _input, options
options:
  _input:
    description: What M(rarebooks.platform.server_info) said of the server.
    type: dict
    required: true
  options:
    description: Options over everything else.
    type: dict
    required: true
  restart:
    description: Whether options may be among them for which a running engine has to be restarted; otherwise these stay as they are.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show what would be written
  ansible.builtin.debug:
    msg: "{{ server | rarebooks.platform.daemon_config({'registry-mirrors': ['https://mirror.example.org']}) }}"
"""

RETURN = r"""
_value:
  description: The options.
  type: dict
"""


def daemon_config(server: Mapping[str, Any], options: Any, restart: bool = True) -> dict[str, Any]:
    """Return what daemon.json is to hold."""
    engine = server["engine"]
    after = wanted(server["daemon_config"], options, engine["swarm"])
    return after if restart or engine["version"] == "" else without_restart(server["daemon_config"], after)


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"daemon_config": daemon_config}
