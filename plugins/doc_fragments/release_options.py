# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several modules are told of a release in the same words."""

from __future__ import annotations


class ModuleDocFragment:
    """Each part is taken by its name in small letters: rarebooks.platform.release_options.secrets."""

    FILES = r"""
options:
  files:
    description: Files of the tree. Set by the action plugin from O(roles).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path relative to O(path).
        type: str
        required: true
      content:
        description: Text of the file.
        type: str
      private_content:
        description: Text of a file that is secret as a whole.
        type: str
"""

    SECRETS = r"""
options:
  secrets:
    description: The secrets of the release, all of which must exist where it is live.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the secret, lower-case letters, digits and underscores.
        type: str
        required: true
      value:
        description: The value to store. Empty means to keep what is stored, or to generate a value.
        type: str
        default: ""
      fixed:
        description:
          - Whether a stored value must stay, since data exists that only it opens. PostgreSQL, for one, keeps the password with which
            its volume was initialised, whatever its environment says later.
          - Another given value is refused, unless the database that O(secrets[].database) names opens with it, or has no volume yet.
        type: bool
        default: false
      database:
        description: Of a fixed secret, the container of the database in O(databases) whose password it is.
        type: str
        default: ""
      taken_from:
        description: The environment variable whose value is taken where nobody gave the secret.
        type: dict
        suboptions:
          container:
            description: Name of the container, which need not exist.
            type: str
            required: true
          variable:
            description: Name of the variable.
            type: str
            required: true
      length:
        description: Number of characters of a generated value, letters and digits only.
        type: int
        default: 32
      at_first_start:
        description: Whether the app reads it only when it starts on an empty database, so that it can be rotated in the app alone.
        type: bool
        default: false
        version_added: 0.4.0
"""

    DATABASES = r"""
options:
  databases:
    description: The databases of the release, whose passwords are among its secrets.
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container.
        type: str
        required: true
      name:
        description: Name of the database.
        type: str
        required: true
      user:
        description: User with which the app logs in.
        type: str
        required: true
      volume:
        description: The volume with its data, without the project's prefix.
        type: str
        default: ""
"""
