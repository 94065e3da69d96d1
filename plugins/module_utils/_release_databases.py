# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restoring databases within a switch: beside the live ones first, then exchanged by name while the app is stopped.

The database that was live is dropped only after the release that uses the restored one has been proven to serve.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils import _postgres_restore
from ansible_collections.rarebooks.platform.plugins.module_utils._backup_databases import as_database
from ansible_collections.rarebooks.platform.plugins.module_utils._backup_images import OWNER_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._backup_manifest import DUMPS, BackupError, Manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres_dump import Dump


def incoming_name(database: Database) -> str:
    """Return the name under which a dump is restored beside the live database."""
    return f"{database.name}_restored"


class Exchange:
    """The databases of a backup that take the place of the live ones."""

    def __init__(self, client: Any, directory: str, manifest: Manifest) -> None:
        self._client = client
        self._dumps = os.path.join(directory, DUMPS)
        self._labels = {OWNER_LABEL: manifest.project}
        self._manifest = manifest
        self._databases = {
            container: (as_database(container, entry), Dump.from_dict(entry["dump"]))
            for container, entry in manifest.databases.items()
            if entry["dump"]
        }
        if not self._databases:
            raise BackupError(
                f"Backup {manifest.id} holds no dump of a database, so none can be restored. Nothing has been changed. "
                "Roll back without rollback_restore_database, or choose a backup with a dump (`ansible-playbook backups.yml`)."
            )

    @property
    def aside(self) -> dict[str, str]:
        """Return the name under which each live database is kept, by container."""
        return {container: f"{database.name}_before_{self._manifest.id}" for container, (database, _dump) in self._databases.items()}

    def prepare(self) -> None:
        """Restore every dump beside the live database; nothing that is live is touched."""
        for database, dump in self._databases.values():
            _postgres_restore.restore_beside(self._client, database, dump, self._dumps, self._labels)

    def perform(self) -> None:
        """Stop the apps and exchange their databases."""
        stop_apps(self._client, self._manifest.apps, set(self._databases))
        for container, (database, _dump) in self._databases.items():
            _postgres_restore.swap(self._client, database, incoming_name(database), self.aside[container])

    def finish(self) -> None:
        """Drop what was live before."""
        for container, (database, _dump) in self._databases.items():
            _postgres_restore.drop(self._client, database, self.aside[container])


def undo(client: Any, apps: Sequence[Mapping[str, Any]], aside: Mapping[str, str]) -> None:
    """Let the databases that were live before an exchange be live again, and drop the restored ones."""
    stop_apps(client, apps, set(aside))
    for app in apps:
        for one in app.get("databases", []):
            database = Database.from_dict(one)
            name = aside.get(database.container)
            if name is None:
                continue
            # Also where none was exchanged yet: a crash may have left the live one closed to connections, and this opens it.
            if {name, incoming_name(database)} & set(_postgres_restore.databases(client, database)):
                _postgres_restore.unswap(client, database, incoming_name(database), name)
            _postgres_restore.drop(client, database, incoming_name(database))


def stop_apps(client: Any, apps: Sequence[Mapping[str, Any]], databases: set[str]) -> None:
    """Stop the containers of the apps that use these databases, but not the databases themselves."""
    for app in apps:
        if databases.isdisjoint(app["containers"]):
            continue
        kept = {one["container"] for one in app.get("databases", [])}
        for name in set(app["containers"]) - kept:
            for container in client.containers.list(filters={"name": f"^/{name}$"}):
                container.stop()
