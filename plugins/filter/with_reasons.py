# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter with which summaries say why each thing was changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

DOCUMENTATION = r"""
name: with_reasons
short_description: List things with the reason for each
version_added: 0.4.0
description:
  - Returns a line that lists names, each with its reason in parentheses. Where several have one reason and no others, it is said once.
positional: _input
options:
  _input:
    description: Names, such as those of containers.
    type: list
    elements: str
    required: true
  reasons:
    description: The reason of each name. One without a reason stands alone.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say what was started, and why
  ansible.builtin.debug:
    msg: "Started: {{ release.started | rarebooks.platform.with_reasons(release.reasons) }}"
"""

RETURN = r"""
_value:
  description: The line, V(none) where there are no names.
  type: str
  sample: shop_backend (image differs), shop_frontend (was stopped)
"""


def with_reasons(names: Sequence[str], reasons: Mapping[str, str]) -> str:
    """Return the names in one line, with the reason for each."""
    found = {reasons.get(name, "") for name in names}
    if len(names) > 1 and len(found) == 1 and (reason := found.pop()):
        return f"{', '.join(names)} (all: {reason})"
    return ", ".join(f"{name} ({reasons[name]})" if reasons.get(name) else name for name in names) or "none"


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[[Sequence[str], Mapping[str, str]], str]]:
        return {"with_reasons": with_reasons}
