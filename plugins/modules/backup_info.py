#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
version_added: 0.2.0
short_description: List the backups of a server, or verify one
description:
  - Lists sealed backups, damaged ones, and those that the commands of the old guide left (C(docker-compose.yml.backup.<id>) and
    C(backups/<id>/)), and says of each what of the live release differs from it.
  - With O(id) one backup is verified whole, every file by its SHA-256 and every image by its id. One that is unknown, damaged or
    incomplete fails the task, naming the file.
requirements:
  - docker (Python library) on the server
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
options:
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  max_size:
    description: MiB that all backups may take together, as for M(rarebooks.platform.backup). V(0) means a quarter of the disk.
    type: int
    default: 0
    version_added: 0.4.0
  id:
    description:
      - The backup to verify. V(previous) is the release before the live one as the ledger knows it, not by the age of files; after
        a switch that was cut off it is the release that the switch began with.
    type: str
    default: ""
  dumps:
    description:
      - Whether the dumps of O(id) are verified by their SHA-256 as well, which takes as long as they are large. Otherwise only that they
        are there, with their sizes.
    type: bool
    default: true
    version_added: 0.4.0
  taken_over:
    description:
      - Token of the run whose lease was taken over, as M(rarebooks.platform.lease) returned it. Where that was the rollback to
        O(id) and the server completed it, RV(done) says so, and no backup is chosen.
    type: str
    default: ""
  offsite:
    description: Whether the server's repositories elsewhere are asked as well for what they hold. One that does not answer fails nothing.
    type: bool
    default: false
    version_added: 0.4.0
  offsite_directory:
    description: Directory on the server with the settings of its repositories.
    type: path
    default: /etc/rarebooks.platform/offsite
    version_added: 0.4.0
seealso:
  - module: rarebooks.platform.backup
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: List the backups
  rarebooks.platform.backup_info:
    path: /opt/rarebooks
    project: rarebooksdokploy
  register: listed

- name: Find and verify the backup of the release before this one
  rarebooks.platform.backup_info:
    path: /opt/rarebooks
    project: rarebooksdokploy
    id: previous
  register: found
"""

RETURN = r"""
backups:
  description: All backups, newest first. Those of the guide have an id, a kind and files only.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the backup.
      type: str
      sample: "20261124_083000"
    kind:
      description: V(sealed) or V(legacy).
      type: str
    result:
      description:
        - V(good) if what was sealed is what a run had proven to serve.
        - V(by hand) for a release that no deploy made, all of whose containers were well.
        - V(drifted) if files had been changed by hand after the release was proven; RV(backups[].drift) names them.
        - V(not proven) if no run has proven that it serves, V(unsealed) for one of the guide's commands.
        - V(damaged) if a file of it is not as it was sealed, so that it cannot be restored. Of dumps only the sizes are compared,
          but where O(id) asks for one backup.
      type: str
    damage:
      description: What is damaged, the backup itself or, of one that drifted, what its release says of itself in C(release.json).
      type: str
    causes:
      description: How one that drifted came to be so, for people.
      type: str
    drift:
      description: The files that were not as a deploy had written them when they were sealed.
      type: list
      elements: str
    age:
      description: Seconds since it was sealed.
      type: int
    live:
      description: Whether it is the release that is live.
      type: bool
    differs:
      description: What of the live release is not as in the backup, paths and images.
      type: list
      elements: str
    gone:
      description: Which of its images are not on the server any more, so that it cannot be restored.
      type: list
      elements: str
    manifest:
      description: What was sealed, with paths in place of the hashes.
      type: dict
backup:
  description:
    - The backup of O(id), verified, as in RV(backups), with C(apps_changed), the apps whose containers would be replaced,
      C(passed_over), newer backups that V(previous) did not choose, each with the reason, C(certificates_missing), the certificates
      of its sites that are not there any more, and C(verified), by which M(rarebooks.platform.release) knows that nothing has been
      written to it since.
  returned: success
  type: dict
apps:
  description: Names of the apps of the live release.
  returned: success
  type: list
  elements: str
size:
  description: Bytes that the backups take together, without their images.
  returned: success
  type: int
max_size:
  description: Bytes that they may take together.
  returned: success
  type: int
free:
  description: Bytes that are free on the disk they lie on.
  returned: success
  type: int
warning:
  description: What is to be said where they come near what they may take, else empty.
  returned: success
  type: str
good:
  description: The newest backup that a rollback may choose by itself and that is whole, by its id. Empty where there is none, and where the
    one of O(id) is good.
  returned: success
  type: str
done:
  description: The ledger's entry of the run in O(taken_over) where that was the wanted rollback and has ended well, otherwise empty.
  returned: success
  type: dict
offsite:
  description: With O(offsite), the backups that repositories hold, newest first.
  returned: success
  type: list
  elements: dict
  version_added: 0.4.0
  contains:
    id:
      description: Id of the backup.
      type: str
    age:
      description: Seconds since the snapshot was made.
      type: int
    snapshot:
      description: Id of the snapshot.
      type: str
    repository:
      description: The repository that it lies in.
      type: str
    size:
      description: Bytes that the snapshot is of, with the files of volumes. Null where this server does not know.
      type: int
    proven:
      description: When a drill has proven it, empty where none has.
      type: str
    here:
      description: Whether the backup is on the server as well.
      type: bool
offsite_errors:
  description: Why a repository could not be asked, by repository.
  returned: success
  type: dict
  version_added: 0.4.0
interrupted:
  description: Whether a switch was cut off and has yet to be finished.
  returned: success
  type: bool
"""

import os
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import images, listing, prune, verdict
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.integrity import Dumps
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.listing import Found
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError, moment_of, store
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch, records, settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Repository, access_of
from ansible_collections.rarebooks.platform.plugins.module_utils._release import description, journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.live import Live
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger as run_ledger


def age_of(identifier: str) -> int:
    """Return the seconds since the moment that an id names; 0 for one that names none."""
    moment = moment_of(identifier)
    return int((datetime.now(timezone.utc) - moment).total_seconds()) if moment else 0


def entry(backup: Found, ledger: list[dict[str, Any]], live: Live, present: set[str]) -> dict[str, Any]:
    """Return what is told of one backup."""
    files = sorted(backup.files or {})
    said = verdict.verdict(backup, ledger)
    facts: dict[str, Any] = {
        "id": backup.id,
        "kind": backup.kind,
        "age": age_of(backup.id),
        "result": said.word,
        "damage": said.damage,
        "causes": said.causes,
        "live": False,
        "differs": [],
        "drift": [],
        "gone": [],
        "apps_changed": [],
        "passed_over": [],
        "manifest": {"files": files, "network": "", "by_hand": True},
    }
    if backup.manifest is None:
        return facts
    return {
        **facts,
        "drift": list(said.drift),
        "live": backup.manifest.release == live.digest,
        "differs": listing.differences(backup.manifest, live),
        "gone": images.gone(present, backup.manifest),
        "manifest": backup.manifest.summary(),
        "apps_changed": listing.apps_changed(backup.manifest, live),
    }


def certificates_missing(backup: Found) -> list[str]:
    """Return the certificates of a backup's sites that are not there any more: they are no part of it."""
    names = {app.certificate for app in backup.manifest.apps if app.certificate} if backup.manifest else set()
    return sorted(name for name in names if not Installed(name).pair())


def room(root: str, backups: list[Found], max_size: int) -> dict[str, Any]:
    """Return what the backups take, may take, and what is left on the disk."""
    most, free = prune.bound(store(root), max_size)
    return {
        "size": sum(map(prune.size_of, backups)),
        "max_size": most,
        "free": free,
        "warning": prune.crowded(backups, most),
    }


def interrupted(module: AnsibleModule, root: str) -> Journal | None:
    """Return the switch that was cut off. A note of it that cannot be read is no reason not to list what one may go back to."""
    try:
        return journal.unfinished(root)
    except StateError as error:
        if module.params["id"]:
            raise
        module.warn(str(error))
        return None


def newest_good(backups: list[Found], ledger: list[dict[str, Any]], live: Live, present: set[str]) -> str:
    """Return the newest backup that a rollback may choose by itself, and that is whole."""
    usable = reversed(verdict.usable(backups, ledger, live.digest))
    whole = (one for one in usable if (found := listing.as_found(one)).manifest and not images.gone(present, found.manifest))
    return next((one.id for one in whole), "")


def elsewhere(wanted: bool, directory: str, here: set[str]) -> dict[str, Any]:
    """Return the server's snapshots in its repositories, newest first, and why some of these could not be asked."""
    found = settings.load(directory) if wanted else None
    if found is None:
        return {"offsite": [], "offsite_errors": {}}
    access = access_of(found, directory)
    known = records.read().repositories
    listed, errors = fetch.listed([Repository(location, access) for location in found.repositories], found.host)
    return {"offsite": [told(one, known, here) for one in reversed(listed)], "offsite_errors": errors}


def told(one: fetch.Offsite, known: dict[str, records.Known], here: set[str]) -> dict[str, Any]:
    """Return what is known of one snapshot. Its size is known of the last one that this server made."""
    record = known.get(one.repository.shown, records.Known())
    last, drill = record.snapshot, record.drill
    return {
        "id": one.backup,
        "age": int((datetime.now(timezone.utc) - one.snapshot.created).total_seconds()),
        "snapshot": one.snapshot.id[:8],
        "repository": one.repository.shown,
        "size": last.total if last and last.backup == one.backup else None,
        "proven": drill.at if drill and drill.backup == one.backup else "",
        "here": one.backup in here,
    }


def warn_of_live(module: AnsibleModule, live: Live) -> None:
    """Tell where the live release cannot say what it is."""
    existing = live.files.get(description.FILE)
    damage = description.damage_of(existing.data if existing else None)
    if damage:
        module.warn(
            f"What is live in {live.root}: {damage}. Containers do not read it, so that they serve; the renewal of certificates does, "
            "and fails. `ansible-playbook deploy.yml` writes it again."
        )


def finished(ledger: list[dict[str, Any]], token: str, wanted: str) -> dict[str, Any]:
    """Return the ledger's entry of a rollback that lost its controller and that the server completed; nothing if it was another one."""
    entries = [one for one in ledger if token and one["run"] == token and one["action"] == "rollback" and one["result"] == "rolled back"]
    return next((one for one in entries if wanted in ("previous", one["to"])), {})


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "id": {"type": "str", "default": ""},
            "max_size": {"type": "int", "default": 0},
            "dumps": {"type": "bool", "default": True},
            "taken_over": {"type": "str", "default": "", "no_log": False},
            "offsite": {"type": "bool", "default": False},
            "offsite_directory": {"type": "path", "default": settings.DIRECTORY},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    root, identifier = os.path.normpath(module.params["path"]), module.params["id"]
    try:
        client = engine_client.connect()
        live = release_live.read(root, module.params["project"], client)
        ledger, _unreadable = run_ledger.read(root)
        pending = interrupted(module, root)
        backups = listing.find_all(root)
        listed = backups if identifier else [listing.as_found(backup) for backup in backups]
        present = images.present(client)
        away = elsewhere(module.params["offsite"], module.params["offsite_directory"], {one.id for one in backups})
        chosen: dict[str, Any] = {}
        done = finished(ledger, module.params["taken_over"], identifier)
        if identifier == "previous" and not done:
            identifier = pending.backup if pending else verdict.previous(backups, ledger, live).id
        if identifier and not done:
            backup = listing.get(root, identifier)
            verified = ""
            if backup.kind == "sealed":
                manifest, verified = listing.check(backup, Dumps.CONTENTS if module.params["dumps"] else Dumps.SIZES)
                images.check(client, manifest)
            chosen = {**entry(backup, ledger, live, present), "verified": verified, "certificates_missing": certificates_missing(backup)}
            if module.params["id"] == "previous" and not pending:
                chosen["passed_over"] = verdict.passed_over(backups, ledger, live, backup)
    except BackupError as error:
        module.fail_json(msg=str(error))
    except Exception as error:
        module.fail_json(msg=describe(error))
    apps = [app.name for app in live.description.apps]
    result = {
        "backups": [entry(backup, ledger, live, present) for backup in reversed(listed)],
        "backup": chosen,
        "apps": apps,
        "interrupted": pending is not None,
        "good": "" if chosen.get("result") in verdict.CHOSEN else newest_good(listed, ledger, live, present),
        "done": done,
        **away,
        **room(root, backups, module.params["max_size"]),
    }
    warn_of_live(module, live)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
