#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pack a source directory into a zip reproducibly."""

from __future__ import annotations

DOCUMENTATION = r"""
module: source_package
short_description: Pack a source directory into a zip reproducibly
version_added: "0.1.0"
description:
  - The same files give the same bytes, whatever their times and the order in which they were made. Entries are sorted,
    dated 1980-01-01, compressed at one level, and have mode 0644, or 0755 if they are programs by name or content.
  - The bytes also depend on the zlib of the machine that packs. The digest does not.
  - Symbolic links and special files are refused, since they cannot be packed alike on every system.
  - Written in one step, so that no other program sees half an archive.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
options:
  src:
    description: The directory to pack.
    type: path
    required: true
  dest:
    description: The zip to write. Must not lie in O(src).
    type: path
    required: true
  exclude:
    description:
      - Patterns as in C(.gitignore), held against each name at any depth. C(*), C(?) and C([...]) are understood.
      - One with a trailing slash excludes folders only.
      - What the default names is left out of any archive by M(rarebooks.platform.source_archive), also where it was packed.
    type: list
    elements: str
    default:
      - .git
      - .vs/
      - bin/
      - obj/
      - node_modules/
      - "*.user"
attributes:
  check_mode:
    description: Can run in check mode and tells whether the archive would be written.
    support: full
  diff_mode:
    description: Shows path, mode and sha256 of the archive's files before and after.
    support: full
notes:
  - Meant for the controller, with C(connection=local).
seealso:
  - module: rarebooks.platform.source_archive
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Pack the messenger's source
  rarebooks.platform.source_package:
    src: ~/src/may_messenger_backend
    dest: ~/may_messenger_backend.zip
  register: package

- name: Show what to give as checksum
  ansible.builtin.debug:
    msg: "{{ package.path }} has sha256 {{ package.sha256 }}"
"""

RETURN = r"""
path:
  description: Absolute path of the zip.
  returned: success
  type: str
  sample: /home/me/may_messenger_backend.zip
sha256:
  description: The sha256 of the zip.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
digest:
  description: Identity of the source, as M(rarebooks.platform.source_archive) returns it.
  returned: success
  type: str
  sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
files:
  description: How many files were packed.
  returned: success
  type: int
  sample: 212
"""

import io
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import read_if_exists, write_durably
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import EXCLUDE, ArchiveError
from ansible_collections.rarebooks.platform.plugins.module_utils._source.pack import build
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import DEFAULT_LIMITS, inspect, inspect_stream, listing


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Pack in memory, compare with what is there, write if it differs."""
    src, dest = os.path.abspath(params["src"]), os.path.abspath(params["dest"])
    if os.path.commonpath([os.path.realpath(src), os.path.realpath(dest)]) == os.path.realpath(src):
        expected, advice = "a place outside src, so that no package holds an earlier one", "Set dest beside src."
        raise ArchiveError(dest, "dest lies in src", expected, src, advice)
    content = build(src, params["exclude"])
    # What could not be deployed, such as names that collide on Windows, is refused here already.
    archive = inspect_stream(io.BytesIO(content), src, None, [], DEFAULT_LIMITS)
    changed = read_if_exists(dest) != content
    before = _listing(dest) if changed else listing(archive.manifest)
    if changed and not check_mode:
        write_durably(dest, content, 0o644)
    return {
        "changed": changed,
        "path": dest,
        "sha256": archive.sha256,
        "digest": archive.digest,
        "files": len(archive.manifest),
        "diff": {"before_header": dest, "after_header": dest, "before": before, "after": listing(archive.manifest)},
    }


def _listing(dest: str) -> str:
    try:
        return listing(inspect(dest, required=[]).manifest)
    except ArchiveError:
        # Nothing there yet, or nothing that could be listed; it is replaced either way.
        return ""


def main() -> None:
    """Run the module."""
    spec: dict[str, Any] = {
        "src": {"type": "path", "required": True},
        "dest": {"type": "path", "required": True},
        "exclude": {"type": "list", "elements": "str", "default": list(EXCLUDE)},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        module.exit_json(**run(module.params, module.check_mode))
    except ArchiveError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        where = error.filename or module.params["dest"]
        module.fail_json(msg=f"{where}: cannot write the archive: {error.strerror}. Check path and permissions.")


if __name__ == "__main__":
    main()
