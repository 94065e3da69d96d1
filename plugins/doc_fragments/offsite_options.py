# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that read a server's repositories are told in the same words."""

from __future__ import annotations


class ModuleDocFragment:
    """Each part is taken by its name in small letters: rarebooks.platform.offsite_options.repositories."""

    REPOSITORIES = r"""
requirements:
  - restic on the server
  - docker (Python library) on the server
options:
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
  host:
    description: The name of the server that made the snapshot. Empty for this one.
    type: str
    default: ""
  directory:
    description: Directory on the server with the settings of its repositories.
    type: path
    default: /etc/rarebooks.platform/offsite
"""
