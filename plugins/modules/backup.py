#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
version_added: 0.2.0
short_description: Seal the live release as a backup, and remove the backups that nobody needs any more
description:
  - A backup holds everything that made the live release run. These are each file of the tree with mode and owner, the images
    of its containers (kept by a tag of ours), and a dump of each database of the apps that are about to change.
  - It is written under a temporary name, made durable, and renamed, so that there is never half a backup.
  - Dumps are made in one snapshot with the number of rows of each table, and proven by restoring them into a scratch
    PostgreSQL of the same image and comparing these numbers. A dump that fails or does not restore fails the task before
    anything has been changed.
  - M(rarebooks.platform.release) brings a backup back.
requirements:
  - docker (Python library) on the server
options:
  path:
    description: Absolute path of the directory that holds the release. Backups lie in C(backups/) below it.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  state:
    description:
      - V(sealed) seals the live release. Nothing is sealed where there is none, and where the newest backup is of this release and
        no dump is due. Where a switch was cut off, the release that was live before it is sealed again, with the data of today.
      - V(pruned) removes expired backups with their dumps and images, and images built by deploys that neither a
        container nor a backup uses. Nothing that this collection did not make is removed.
    type: str
    choices: [sealed, pruned]
    default: sealed
  reason:
    description: Why the backup is sealed.
    type: str
    default: by hand
  successor:
    description:
      - What the release consists of that is to be deployed, as its C(release.json) says. A live release that was made by hand, or is
        older than such files, says nothing of itself, and what of these apps it has is sealed.
      - Not needed, and not looked at, where the live release has a C(release.json).
    type: dict
    default: {}
    version_added: 0.4.0
  unchanged_apps:
    description: Apps that the run will not change, whose databases therefore are not dumped.
    type: list
    elements: str
    default: []
  only_databases:
    description: Containers of the databases that are dumped, whatever the run changes. Empty for those of the apps that it changes.
    type: list
    elements: str
    default: []
    version_added: 0.4.0
  unread_databases:
    description: Containers whose databases are neither dumped nor looked at, such as one that is too damaged for it.
    type: list
    elements: str
    default: []
    version_added: 0.4.0
  without_dump:
    description: What to do where no dump can be made, which the error says. Empty for the settings of deploys.
    type: str
    default: ""
    version_added: 0.4.0
  databases:
    description: Whether databases are dumped, and whether each dump is proven by restoring it.
    type: str
    choices: ["off", dump, prove]
    default: prove
  parallel_from:
    description: From this size of a database on, in MiB, its dump is made in parallel in PostgreSQL's directory format.
    type: int
    default: 2048
  prove_up_to:
    description: Above this size of a database, in MiB, the proof is left out with a warning. V(0) means no limit.
    type: int
    default: 20480
  keep:
    description: How many of the last releases are kept.
    type: int
    default: 5
  keep_days:
    description: Every backup younger than this many days is kept as well.
    type: int
    default: 7
  max_size:
    description:
      - MiB that files and dumps of all backups may take together. Beyond it backups are removed in spite of O(keep) and O(keep_days).
        What fits is kept in this order - the newest of the last releases, then what is young.
      - The newest backup, the newest good one, that of the live release and the newest dump of each database stay in any case.
      - V(0) means a quarter of the disk they lie on.
    type: int
    default: 0
    version_added: 0.4.0
  lease_directory:
    description: Where leases lie.
    type: path
    default: /run/rarebooks.platform
    version_added: 0.4.0
  run:
    description: The run that holds the lease, as M(rarebooks.platform.lease) returned it; who and from which commit.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Tells whether a backup would be sealed, or which would be removed.
  diff_mode:
    support: none
    description: What is sealed is what is there.
seealso:
  - module: rarebooks.platform.backup_info
  - module: rarebooks.platform.release
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Seal what is live
  rarebooks.platform.backup:
    path: /opt/rarebooks
    project: rarebooksdokploy
    reason: before a deploy
  register: sealed

- name: Keep the last three releases and a fortnight
  rarebooks.platform.backup:
    path: /opt/rarebooks
    project: rarebooksdokploy
    state: pruned
    keep: 3
    keep_days: 14
"""

RETURN = r"""
id:
  description:
    - Id of the backup of the live release, C(YYYYMMDD_HHMMSS) in UTC. Empty where there is no live release, and in check mode
      where one would be sealed.
  returned: success
  type: str
  sample: "20261124_083000"
dumped:
  description: Containers whose database was dumped.
  returned: success
  type: list
  elements: str
  sample: [db_maymessenger]
size:
  description: Bytes of files and dumps in the backup.
  returned: success
  type: int
  sample: 48213
seconds:
  description: Seconds it took.
  returned: success
  type: float
  sample: 5.2
result:
  description: What the backup of RV(id) is worth, as M(rarebooks.platform.backup_info) says it. Empty where none was sealed.
  returned: success
  type: str
  sample: good
causes:
  description: How one that drifted came to be so, for people.
  returned: success
  type: str
damage:
  description: What is damaged of what the release says of itself, in C(release.json).
  returned: success
  type: str
good:
  description: The backups that a rollback may choose by itself, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the backup.
      type: str
    release:
      description: Digest of its release.
      type: str
removed:
  description: Ids of the backups that were removed.
  returned: success
  type: list
  elements: str
  sample: ["20261101_191500"]
images_removed:
  description: Names of images that were removed.
  returned: success
  type: list
  elements: str
  sample: ["rarebooksdokploy-backup:20261101_191500-0b9fde4dc3ca"]
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import by_hand, listing, verdict
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import databases as backup_databases
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import live as backup_live
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import prune as backup_prune
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import seal as backup_seal
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.databases import Dumping
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError, store
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError, fit
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import carried as engine_carried
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import Project
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import containers_of
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.start import ensure_running
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Release
from ansible_collections.rarebooks.platform.plugins.module_utils._release.live import Live
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger as run_ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import TreeError

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Options:
    """What the module is asked for; the bound of all backups is in MiB, 0 for one that follows the disk."""

    path: str
    project: str
    run: run_ledger.Run
    reason: str
    # What the release consists of that is to be deployed.
    successor: Release
    unchanged_apps: frozenset[str]
    only_databases: frozenset[str]
    unread_databases: frozenset[str]
    policy: backup_databases.Policy
    keep: int
    keep_days: int
    max_size: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Options:
        """Return what the module was given."""
        return cls(
            path=os.path.normpath(params["path"]),
            run=run_ledger.Run.from_dict(params["run"]),
            successor=fit(params["successor"], Release),
            unchanged_apps=frozenset(params["unchanged_apps"]),
            only_databases=frozenset(params["only_databases"]),
            unread_databases=frozenset(params["unread_databases"]),
            policy=backup_databases.Policy(params["databases"], params["parallel_from"], params["prove_up_to"]),
            **{name: params[name] for name in ("project", "reason", "keep", "keep_days", "max_size")},
        )


def plan_dumps(
    module: AnsibleModule, options: Options, client: DockerClient, live: Live, dumped: dict[str, str]
) -> tuple[dict[str, Dumping], list[str]]:
    """Return the databases to dump, once all of them run, and what to tell of those that did not."""
    due = backup_databases.due(live, options.policy, options.unchanged_apps, dumped, options.only_databases)
    notes = []
    if not module.check_mode:
        project = Project(client, module.run_command, live.root, options.project)
        notes = ensure_running(client, project, due, dumped)
    return backup_databases.plan(client, due, options.policy), notes


def seal(module: AnsibleModule, options: Options, client: DockerClient) -> dict[str, Any]:
    """Seal the live release, or say which backup it is sealed as already."""
    root, run = options.path, options.run
    live = by_hand.as_it_runs(root, backup_live.read(root, options.project, client, options.successor))
    if not live.exists:
        return {}
    backups = listing.find_all(root)
    dumping, notes = plan_dumps(module, options, client, live, listing.newest_dumps(backups))
    newest = [one for one in backups if one.manifest][-1:]
    if newest and not dumping and listing.is_whole(client, newest[0], live.digest):
        return {"id": newest[0].id, **worth(root, newest[0].id)}
    if module.check_mode:
        return {"changed": True, "dumped": sorted(dumping)}
    backup_databases.remove_leftovers(client, options.project)
    occasion = backup_seal.Occasion(options.reason, options.project, run.by, run.commit, options.unread_databases)
    manifest, warnings = backup_seal.seal(by_hand.with_probes(live), occasion, client, dumping)
    said = worth(root, manifest.id)
    for warning in [*notes, *warnings, *drift(root, manifest.id, said)]:
        module.warn(warning)
    return {"changed": True, "id": manifest.id, "dumped": sorted(dumping), "size": manifest.size, **said}


def worth(root: str, identifier: str) -> dict[str, Any]:
    """Return what a sealed backup is worth, and which backups are good, newest first."""
    ledger, backups = run_ledger.read(root)[0], listing.find_all(root)
    said = {one.id: verdict.verdict(one, ledger) for one in backups}
    good = [{"id": one.id, "release": one.manifest.release} for one in reversed(backups) if one.manifest and said[one.id].usable]
    return {"result": said[identifier].word, "causes": said[identifier].causes, "damage": said[identifier].damage, "good": good}


def drift(root: str, identifier: str, said: Mapping[str, Any]) -> list[str]:
    """Return a warning where what was sealed is not what a deploy had proven."""
    if said["result"] != verdict.DRIFTED:
        return []
    return [
        f"Before this run, in {root}: {said['causes']}. This is sealed as it was, in backup {identifier}, "
        "and marked as drifted: nothing has proven that it serves. rollback.yml without rollback_to passes it over."
    ]


UNCHANGED = "Nothing that runs has been changed: the backup comes before everything else."


def way_out(error: DatabaseError, mode: str, without_dump: str) -> str:
    """Return what to do where the cause cannot be removed: the way that keeps most comes first."""
    if error.is_down:
        return ""
    if without_dump:
        return f"\n{UNCHANGED} {without_dump}"
    unproven = "To go on with a dump that is not proven: -e stack_backup_databases=dump. " if mode == "prove" else ""
    return (
        f"\n{UNCHANGED} Remove the cause and run again. {unproven}To go on with no dump of today's data, at your own risk: "
        "-e stack_backup_databases=off (a rollback that restores databases makes one in any case)."
    )


def prune(module: AnsibleModule, options: Options, client: DockerClient) -> dict[str, Any]:
    """Remove expired backups and the images nothing uses any more."""
    root = options.path
    live = release_live.read(root, options.project, client)
    backups = listing.find_all(root)
    ledger, _unreadable = run_ledger.read(root)
    most, _free = backup_prune.bound(store(root), options.max_size)
    carried = engine_carried.read(root)
    present = {one["Id"] for one in containers_of(client, options.project).values()} if carried else set()
    rule = backup_prune.Rule(options.keep, options.keep_days, most, any(one.id in present for one in carried.values()))
    to_remove = backup_prune.expired(backups, ledger, live.digest, rule, datetime.now(timezone.utc))
    if module.check_mode:
        return {"changed": bool(to_remove), "removed": to_remove}
    backup_prune.finish_removals(store(root))
    for identifier in to_remove:
        backup_prune.remove(store(root), identifier)
    left = [one for one in backups if one.id not in to_remove]
    images = backup_prune.drop_images(client, options.project, left, live)
    for warning in filter(None, (backup_prune.crowded(left, most), next_time(options, client, live))):
        module.warn(warning)
    return {"changed": bool(to_remove or images), "removed": to_remove, "images_removed": images}


def next_time(options: Options, client: DockerClient, live: Live) -> str:
    """Return a warning where a backup with every database would not fit on the disk as it is now: that is told before it is full."""
    if not os.path.isdir(store(live.root)):
        return ""
    try:
        databases = backup_databases.due(live, options.policy, frozenset(), ())
        dumping = backup_databases.plan(client, databases, options.policy)
        short = backup_seal.shortage(backup_seal.needs_of(client, live, dumping))
    except Exception as error:  # Such as a database that does not answer: what has been done is not undone by a forecast.
        return f"Whether the next backup will fit on the disk is not known: {describe(error)}"
    return f"The next backup of all databases would not fit. {short}. {backup_seal.FREE_SPACE}" if short else ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["sealed", "pruned"], "default": "sealed"},
            "reason": {"type": "str", "default": "by hand"},
            "successor": {"type": "dict", "default": {}},
            "unchanged_apps": {"type": "list", "elements": "str", "default": []},
            "only_databases": {"type": "list", "elements": "str", "default": []},
            "unread_databases": {"type": "list", "elements": "str", "default": []},
            "without_dump": {"type": "str", "default": ""},
            "databases": {"type": "str", "choices": list(backup_databases.MODES), "default": "prove"},
            "parallel_from": {"type": "int", "default": 2048},
            "prove_up_to": {"type": "int", "default": 20480},
            "keep": {"type": "int", "default": 5},
            "keep_days": {"type": "int", "default": 7},
            "max_size": {"type": "int", "default": 0},
            "run": {"type": "dict", "default": {}},
            "lease_directory": {"type": "path", "default": lease.DIRECTORY},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    result = {
        "changed": False,
        "id": "",
        "result": "",
        "causes": "",
        "damage": "",
        "good": [],
        "dumped": [],
        "size": 0,
        "removed": [],
        "images_removed": [],
    }
    began = time.monotonic()
    try:
        options = Options.from_params(module.params)
        if options.run.token and not module.check_mode:
            # A dump goes on without its controller, and nobody else may begin meanwhile.
            lease.record_process(lease.Place(options.path, module.params["lease_directory"]), options.run.token)
        result |= (seal if module.params["state"] == "sealed" else prune)(module, options, engine_client.connect())
    except (BackupError, StateError, TreeError, lease.LeaseLost) as error:
        module.fail_json(msg=str(error))
    except DatabaseError as error:
        module.fail_json(msg=f"{error}{way_out(error, module.params['databases'], module.params['without_dump'])}")
    except Exception as error:
        module.fail_json(msg=f"{describe(error)}\n{UNCHANGED}")
    module.exit_json(**result, seconds=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
