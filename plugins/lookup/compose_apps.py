# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lookup that makes apps of Compose files."""

from __future__ import annotations

DOCUMENTATION = r"""
name: compose_apps
short_description: Make apps of Compose files of their owners
version_added: 0.4.0
author:
  - RareBooks platform developers (@rarebooks)
description:
  - Reads Compose files on the controller, with the environment files and files that are mounted read-only beside them, and describes
    each as an app of C(docs/apps.md). The role C(compose_app) uses it.
  - What of a file cannot be part of a release is in the app's C(problems), so that M(rarebooks.platform.app_descriptions) reports all of
    them at once.
  - Files that ansible-vault has encrypted are decrypted.
options:
  _terms:
    description: A list of entries, as the variable C(compose_app_projects) of the role has them.
    type: list
    elements: list
    required: true
  project:
    description: The Compose project that all apps of the server are in.
    type: str
    required: true
  network:
    description: The network that all apps share with the proxy.
    type: str
    required: true
  ports:
    description: The ports that the proxy publishes.
    type: list
    elements: int
    default: [80, 443]
  https_suffix:
    description: What the proxy's port adds to the address of a site.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show what a Compose file becomes
  ansible.builtin.debug:
    msg: "{{ query('rarebooks.platform.compose_apps', compose_app_projects, project='rarebooksdokploy', network='rarebooks_network') }}"
"""

RETURN = r"""
_list:
  description: For each entry the description of its app and the routes of its site.
  type: list
  elements: dict
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _compose_app
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_project import Stack


class LookupModule(LookupBase):  # type: ignore[misc]
    """Runs on the controller."""

    def run(
        self, terms: Sequence[Sequence[Mapping[str, Any]]], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Return one app for each entry."""
        self.set_options(var_options=variables, direct=kwargs)
        stack = Stack(
            self.get_option("project"), self.get_option("network"), tuple(self.get_option("ports")), self.get_option("https_suffix")
        )
        return [_compose_app.read(entry, stack, self._loader.get_text_file_contents) for entries in terms for entry in entries]
