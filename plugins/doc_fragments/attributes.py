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

    # The options of modules that change a running server under the lease; see module_utils/_operate/command.py.
    OPERATION = r"""
options:
  path:
    description: The stack's directory.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  secrets_file:
    description: The file with the server's secrets, which no output shows.
    type: path
  proxy_paths:
    description: Files and directories that the proxy reads.
    type: list
    elements: path
    default: []
  proxy_record:
    description: File on the server that remembers what the proxy has read.
    type: path
    required: true
  deadline:
    description: Seconds that containers and sites have to be healthy. V(0) for what the containers' health checks make it.
    type: int
    default: 0
  backup:
    description: The backup that this run sealed of what is live, empty where it sealed none.
    type: str
    default: ""
  run:
    description: The run that holds the lease, as M(rarebooks.platform.lease) returned it. Not needed in check mode.
    type: dict
    default: {}
  lease_directory:
    description: Directory on the server that holds leases.
    type: path
    default: /run/rarebooks.platform
attributes:
  platform:
    platforms: posix
    support: full
    description: The module runs under Linux, on the machine that its task is for.
"""
