# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a snapshot consists of, put together in the staging directory and found on the server.

Dumps come first, files of volumes are read after them: what a row names is then there. What is small and has to fit the dumps, such as
the secrets, is copied beside them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .._backup import by_hand, seal
from .._backup import databases as backup_databases
from .._backup import live as backup_live
from .._backup.manifest import Manifest, store
from .._base.errors import PlatformError
from .._base.files import make_directory, read_if_exists, sha256, write_durably
from .._engine.containers import OWNER_LABEL, containers_of
from .._postgres.client import Database
from .._postgres.cluster import DATA
from .._postgres.helper import PREFIX_LABEL
from .._postgres.start import is_running
from .._release.description import volume_name
from .._release.live import Live, damage_of
from .._run import ledger, restoring
from . import images
from .contents import BACKUP, FILE, FORMAT, SERVER, Contents, Volume
from .settings import Settings

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

if TYPE_CHECKING:
    from docker import DockerClient

# Scratch containers begin otherwise than those of runs, which remove what they find of their own.
PREFIX = "rarebooks-offsite-"
DAEMON = "/etc/docker/daemon.json"
CERTIFICATES = "/etc/letsencrypt"
KEPT = "files"
REASON = "a snapshot"
ANONYMOUS = re.compile("[0-9a-f]{64}")
# What belongs to the server that it runs on, and not to an app.
OF_THE_SYSTEM = ("/dev", "/etc", "/proc", "/run", "/sys", "/usr", "/var/run")


class Moved(PlatformError):
    """Another release went live while a snapshot was put together, which would so be of neither."""


@dataclass(frozen=True)
class Staged:
    """What is to be brought to a repository: what it says of itself, the paths, and what it lacks, for people."""

    contents: Contents
    release: str
    paths: tuple[str, ...]
    notes: tuple[str, ...]


def stage(settings: Settings, client: DockerClient, moment: datetime) -> Staged | None:
    """Put a snapshot of what is live together; return None where nothing is."""
    if unfinished := restoring.refusal(settings.path, REASON):
        raise PlatformError(unfinished)  # What has come back so far is no state that anybody wants to have again.
    clear(settings)
    make_directory(settings.staging, seal.PRIVATE_DIRECTORY)
    live, secrets = read(settings, client), fingerprint(settings)
    if not live.exists:
        return None
    if damage := damage_of(live.files):
        raise PlatformError(
            f"{settings.path}/{damage}. So it is not known which databases there are, and no snapshot would be whole. Deploy again, which "
            "writes it anew."
        )
    backup_databases.remove_leftovers(client, settings.project, PREFIX)
    warm, cold = split(client, live)
    manifest, warnings = fill(settings, client, live, warm, moment)
    files = copy_small(settings)
    volumes, notes = volumes_of(client, settings.project, live, cold)
    notes += left_out(settings, client, live)
    if digest_now(settings, client) != live.digest or fingerprint(settings) != secrets:
        raise Moved("another release went live, or secrets were rotated, while the snapshot was put together")
    told = Contents(
        format=FORMAT,
        host=settings.host,
        created=manifest.created,
        path=settings.path,
        project=settings.project,
        backup=manifest.id,
        network=live.description.network,
        volumes=tuple(volumes),
        files=files,
        images=tuple(images.needed(client, manifest)),
        version=settings.version,
    )
    write_durably(os.path.join(settings.staging, FILE), told.to_json(), seal.PRIVATE_FILE)
    # The staging directory holds copies of the others.
    outside = [path for path in files.values() if not path.startswith(settings.staging)]
    return Staged(told, live.digest, (settings.staging, *(one.location for one in volumes), *outside), (*warnings, *notes))


def clear(settings: Settings) -> None:
    """Remove what lies in the staging directory, such as what a run left that died."""
    shutil.rmtree(settings.staging, ignore_errors=True)


def read(settings: Settings, client: DockerClient) -> Live:
    """Return what is live."""
    return by_hand.as_it_runs(settings.path, backup_live.read(settings.path, settings.project, client))


def digest_now(settings: Settings, client: DockerClient) -> str:
    """Return the digest of what is live."""
    return read(settings, client).digest


def fingerprint(settings: Settings) -> str:
    """Return what tells the secrets of the server from others."""
    return sha256(read_if_exists(settings.secrets_file) or b"")


def split(client: DockerClient, live: Live) -> tuple[list[Database], list[Database]]:
    """Return the databases that run, and those that do not, also without a container: nobody writes to these, so that their volume can
    be taken as it lies.
    """
    found = [one for databases in backup_databases.databases_of(live.description).values() for one in databases]
    running = {one.container: is_running(client, one) for one in found}
    cold = [one for one in found if not running[one.container]]
    for one in cold:
        require_quiet(client, one)
    return [one for one in found if running[one.container]], cold


def require_quiet(client: DockerClient, database: Database) -> None:
    """Refuse a database that is restarting: it answers nobody and writes all the same."""
    name = database.container
    if client.containers.list(all=True, filters={"name": f"^/{name}$", "status": "restarting"}):
        raise PlatformError(
            f"Database {database.name}: expected container {name} to run or to be stopped, got one that is restarting, so that neither a "
            f"dump nor its volume would be whole. There is no snapshot. Look on the server at `docker logs --tail 50 {name}`; where it "
            f"cannot be mended at once, stop it with `docker stop {name}`: its volume is then taken as it lies."
        )


def fill(
    settings: Settings, client: DockerClient, live: Live, databases: Iterable[Database], moment: datetime
) -> tuple[Manifest, list[str]]:
    """Seal what is live in the staging directory, as a backup that no image is kept for; return its manifest and warnings."""
    dumping = backup_databases.plan(client, databases, settings.policy)
    make_directory(store(settings.path), seal.PRIVATE_DIRECTORY)
    identifier = seal.new_id(store(settings.path), lambda: moment)
    seal.require_space(seal.needs_of(client, live, dumping, settings.staging))
    work = os.path.join(settings.staging, BACKUP)
    labels = {OWNER_LABEL: settings.project, PREFIX_LABEL: PREFIX}
    occasion = seal.Occasion(REASON, settings.project, by=settings.host)
    return seal.fill(work, identifier, moment, by_hand.with_probes(live), occasion, client, dumping, labels)


def copy_small(settings: Settings) -> dict[str, str]:
    """Copy what is small, and return where each thing lies in the snapshot. What outlives containers is data, and read where it is."""
    wanted = {
        "secrets": settings.secrets_file,
        "ledger": os.path.join(settings.path, ledger.FILE),
        "daemon": DAEMON,
        "letsencrypt": settings.letsencrypt_path,
        "certificates": CERTIFICATES,
        "ca": settings.ca_path,
    }
    found = {}
    for name, path in wanted.items():
        place = os.path.join(settings.staging, SERVER, name)
        make_directory(os.path.dirname(place), seal.PRIVATE_DIRECTORY)
        if os.path.isdir(path):
            shutil.copytree(path, place, symlinks=True, copy_function=copy_with_owner)
        elif os.path.isfile(path):
            copy_with_owner(path, place)
        else:
            continue
        found[name] = place
    kept = os.path.join(settings.path, KEPT)
    return {**found, "kept": kept} if os.path.isdir(kept) else found


def copy_with_owner(source: str, destination: str) -> None:
    """Copy a file with its mode, times and owner."""
    shutil.copy2(source, destination, follow_symlinks=False)
    found = os.lstat(source)
    os.chown(destination, found.st_uid, found.st_gid, follow_symlinks=False)


def left_out(settings: Settings, client: DockerClient, live: Live) -> list[str]:
    """Say of what containers write into that no snapshot has: directories of the server, and volumes without a name."""
    databases = {one.container for app in live.description.apps for one in app.databases}
    brought = (os.path.join(settings.path, KEPT), settings.letsencrypt_path, settings.ca_path, CERTIFICATES)
    notes = []
    for container, inspected in sorted(containers_of(client, settings.project).items()):
        for mount in inspected.get("Mounts") or []:
            source, name = os.path.normpath(str(mount.get("Source", ""))), str(mount.get("Name", ""))
            inside = any(f"{source}/".startswith(f"{one}/") for one in (*brought, *OF_THE_SYSTEM) if one)
            if mount.get("Type") == "bind" and mount.get("RW") and not inside and os.path.lexists(source):
                what = f"in {source} on the server"
            elif mount.get("Type") == "volume" and ANONYMOUS.fullmatch(name) and container not in databases:
                what = "in a volume without a name"
            else:
                continue
            notes.append(
                f"{container} keeps {mount.get('Destination')} {what}: there is nothing of it in the snapshot. Give it a volume with a "
                "name, or bring it away yourself."
            )
    return notes


def mounted(inspected: Mapping[str, Any]) -> dict[str, str]:
    """Return where a container has which volumes, of those that have a name."""
    volumes = [one for one in inspected.get("Mounts") or [] if one.get("Type") == "volume"]
    return {str(one.get("Name")): str(one.get("Destination", "")) for one in volumes if not ANONYMOUS.fullmatch(str(one.get("Name")))}


def of_data(inspected: Mapping[str, Any], volumes: Mapping[str, str]) -> set[str]:
    """Return the volume of these in which the PostgreSQL of a container keeps its data: others there are files like any."""
    pairs = (item.partition("=") for item in inspected["Config"].get("Env") or [])
    place = next((value for name, _equals, value in pairs if name == "PGDATA"), DATA)
    return {name for name, at in volumes.items() if at and f"{place}/".startswith(f"{at.rstrip('/')}/")}


def volumes_of(client: DockerClient, project: str, live: Live, cold: Iterable[Database]) -> tuple[list[Volume], list[str]]:
    """Return the volumes of files, and those of databases that do not run; and what to tell of these and of those that are missing."""
    stopped = {one.container: one.name for one in cold}
    named, held = set(), dict[str, str]()
    for app in live.description.apps:
        names = {one: volume_name(project, one, app.unprefixed_volumes) for one in app.volumes}
        named |= set(names.values())
        known = {volume_name(project, one.volume, app.unprefixed_volumes): one.container for one in app.databases if one.volume}
        named |= known.keys()
        held |= known
    databases = {one.container for app in live.description.apps for one in app.databases}
    containers = containers_of(client, project)
    shared = {name for container, one in containers.items() if container not in databases for name in mounted(one)} | (named - held.keys())
    for container, inspected in containers.items():
        volumes = mounted(inspected)
        named |= volumes.keys()
        if container in databases:
            held |= dict.fromkeys(of_data(inspected, volumes) or volumes.keys() - shared, container)
    found = []
    notes = [
        f"Database {name}: container {container} does not run, and its volume is not known. There is nothing of it in the snapshot."
        for container, name in stopped.items()
        if container not in held.values()
    ]
    for name in sorted(named):
        if name in held and held[name] not in stopped:
            continue
        try:
            attributes = client.volumes.get(name).attrs
        except docker.errors.NotFound:
            notes.append(f"Volume {name}: expected it on the server, got none. The snapshot has no files of it.")
            continue
        found.append(Volume(name, str(attributes["Mountpoint"]), dict(attributes.get("Labels") or {})))
        if name in held:
            notes.append(
                f"Database {stopped[held[name]]}: container {held[name]} does not run. Its volume {name} was taken as it lies; there is no "
                "dump of it in the snapshot."
            )
    return found, notes
