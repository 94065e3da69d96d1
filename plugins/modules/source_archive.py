#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep a directory on the server identical to a source archive of the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: source_archive
short_description: Keep a directory on the server identical to a source archive of the controller
version_added: "0.1.0"
description:
  - Inspects a zip, or packs a directory reproducibly, on the controller; unpacks it on the server beside the live
    directory, checks it again, and exchanges the two by rename.
  - The live directory then holds exactly the archive's files. Files edited, added or removed by hand on the server
    count as a difference, which is found by content, never by time.
  - Refused with one message, before the server is touched, are a file that is not a zip, is truncated, damaged,
    encrypted or has another sha256; entries with absolute paths, with C(..), with control or invisible characters,
    in an encoding that can only be guessed, or that are links or devices; names that collide, also by upper and lower case only;
    archives beyond the limits; missing required paths.
  - Accepted and brought to one form are backslashes as separators, one wrapping top folder, a UTF-8 BOM at the start of
    valid UTF-8 text, missing Unix modes, Russian names as Explorer writes them (cp866). Empty folders, C(__MACOSX/), C(.DS_Store)
    and what M(rarebooks.platform.source_package) excludes, such as C(bin/) and C(obj/), are dropped.
  - Folders become 0755 and files 0644, or 0755 if the name ends in C(.sh) or the content begins as that of a script
    (C(#!/)) or of an ELF program. Modes stored in the archive are not used, because Windows stores none.
  - The digest identifies the source independently of how, when and where it was packed.
  - An exchange that was interrupted is finished or undone by the next run.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
options:
  src:
    description:
      - Path of a zip or of a directory on the controller.
      - A relative path starts at the directory in which C(ansible-playbook) was started.
      - A directory is packed as M(rarebooks.platform.source_package) does it with its defaults.
    type: path
    required: true
  checksum:
    description: The sha256 of the zip in hexadecimal. Not to be given with a directory.
    type: str
  dest:
    description:
      - Absolute path of the live directory on the server. Missing parents are created.
      - Its parent must have room for a second copy, under the names C(.<name>.staged) and C(.<name>.previous).
    type: str
    required: true
  required:
    description: Paths that must be in the archive. One with a trailing slash is a folder with at least one file.
    type: list
    elements: str
    default:
      - Dockerfile
      - MayMessenger.sln
      - src/
  max_entries:
    description: How many entries the archive may have.
    type: int
    default: 10000
  max_size:
    description: How many bytes may come out of the archive, counted while it is read. Also bounds the archive itself.
    type: int
    default: 524288000
  max_ratio:
    description: How many bytes may come out for each byte of the whole archive.
    type: int
    default: 200
  digest:
    description: The digest of the wanted source. Set by the action plugin, not to be used in a task.
    type: str
  archive:
    description: Where the transferred archive lies on the server. Set by the action plugin, not to be used in a task.
    type: path
attributes:
  check_mode:
    description: Can run in check mode and predicts what a run would change, also where O(dest) does not exist yet.
    support: full
  diff_mode:
    description: Shows path, mode and sha256 of the files that differ before and after.
    support: full
notes:
  - An unchanged source costs one module call on the server and no transfer.
seealso:
  - module: rarebooks.platform.source_package
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Bring the messenger's source to the server
  rarebooks.platform.source_archive:
    src: ~/may_messenger_backend.zip
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    dest: /opt/rarebooks/MayMessenger/backend
  register: source

- name: Show the tag of the image to build
  ansible.builtin.debug:
    msg: "maymessenger_backend:{{ source.digest }}"

- name: Bring any other source, straight from a directory
  rarebooks.platform.source_archive:
    src: ~/src/shop
    dest: /opt/rarebooks/shop
    required:
      - Dockerfile
    max_size: 52428800
"""

RETURN = r"""
digest:
  description: Identity of the source, sha256 in hexadecimal over its sorted paths, modes and contents.
  returned: success
  type: str
  sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
sha256:
  description: The sha256 of the zip, or of the zip that the directory was packed into.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
files:
  description: How many files the source has.
  returned: success
  type: int
  sample: 212
created:
  description: Paths below O(dest) that were not there.
  returned: success
  type: list
  elements: str
  sample: [src/MayMessenger.API/Program.cs]
updated:
  description: Paths below O(dest) whose content or mode differed.
  returned: success
  type: list
  elements: str
  sample: [Dockerfile]
removed:
  description: Paths below O(dest) that the source does not have.
  returned: success
  type: list
  elements: str
  sample: [src/MayMessenger.API/Old.cs]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import ArchiveError
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import OPTIONS, digest_of, limits_of
from ansible_collections.rarebooks.platform.plugins.module_utils._source.swap import Place, install


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Compare the live directory, and exchange it where an archive was brought along."""
    place = Place.at(params["dest"])
    # The action plugin turns this into created, updated and removed, the same way in check mode and out of it.
    before = place.manifest()
    differs = digest_of(before) != params["digest"]
    changed = differs or place.interrupted
    if not check_mode:
        place.recover()
        if differs and params["archive"]:
            checksum, digest = params["checksum"], params["digest"]
            install(place, params["archive"], checksum, digest, params["required"], limits_of(params))
    return {"changed": changed, "before": before if differs else None}


def main() -> None:
    """Run the module."""
    spec = {**OPTIONS, "digest": {"type": "str"}, "archive": {"type": "path"}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    if module.params["digest"] is None:
        module.fail_json(msg="digest is missing: this module works only through the action plugin of its name.")
    try:
        module.exit_json(**run(module.params, module.check_mode))
    except ArchiveError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        where = error.filename or module.params["dest"]
        advice = "The live directory holds the old source or the new one, no mixture; remove the cause and run again."
        module.fail_json(msg=f"{where}: {error.strerror}. {advice}")


if __name__ == "__main__":
    main()
