# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the documentation of several modules says in the same words of how they behave."""

from __future__ import annotations


class ModuleDocFragment:
    """Each part is taken by its name in small letters: rarebooks.platform.attributes.info_module."""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode is the same as a run.
  diff_mode:
    support: N/A
    description: Nothing is changed.
"""

    POSIX = r"""
options: {}
attributes:
  platform:
    platforms: posix
    support: full
    description: The module runs under Linux, on the machine that its task is for.
"""
