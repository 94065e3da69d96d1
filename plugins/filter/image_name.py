# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter that brings the names of images into one form."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.rarebooks.platform.plugins.module_utils._engine.image_name import image_name

DOCUMENTATION = r"""
name: image_name
short_description: Name an image as the engine lists it
version_added: 0.4.0
description:
  - C(docker.io/library/nginx), C(nginx) and C(nginx:latest) are one image. This returns the form in which the engine lists it, as
    M(rarebooks.platform.server_info) does.
  - Of a name with a tag and a digest the digest counts.
positional: _input
options:
  _input:
    description: Name of an image in any form.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what the engine calls it
  ansible.builtin.debug:
    msg: "{{ 'docker.io/library/postgres:15' | rarebooks.platform.image_name }}"
"""

RETURN = r"""
_value:
  description: The name as the engine lists it, such as C(postgres:15).
  type: str
"""


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        return {"image_name": image_name}
