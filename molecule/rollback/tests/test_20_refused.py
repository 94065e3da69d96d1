"""Backups that must not be used are refused before anything is touched, and the message names the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import server
from operators import Deployer
from releases import Releases
from rollbacks import QUICK

BACKUPS = "/opt/rarebooks/backups"


@pytest.fixture
def rejected(refused: Deployer) -> Callable[..., str]:
    """Return a function that rolls back, finds that it was refused with nothing touched, and returns the message."""

    def run(variables: dict[str, Any]) -> str:
        done = refused(QUICK | variables, playbook="rollback.yml")
        assert done.recap()["changed"] == 0
        assert server.ledger()[-1]["result"] == "refused"
        return done.message()

    return run


def test_an_unknown_backup(rejected: Callable[..., str]) -> None:
    message = rejected({"rollback_to": "20200101_000000"})
    assert message.startswith("Backup 20200101_000000: expected one of ") and all(known in message for known in server.backups())


FILES = {
    "a tampered file": ("files/nginx/sites/rarebooks.conf", "sed -i s/listen/LISTEN/ {}", "was changed: its SHA-256 is not the sealed one"),
    "a missing file": ("files/env/db_books.env", "rm {}", "is missing"),
    "a truncated dump": ("dumps/db_maymessenger.dump", "truncate --size=-1 {}", "was changed or truncated: expected "),
    "a tampered manifest": ("manifest.json", "sed -i s/postgres:15/postgres:14/ {}", "does not have the SHA-256 in manifest.json.sha256"),
    "a missing seal": ("manifest.json.sha256", "rm {}", "is missing: the backup is incomplete"),
}


@pytest.fixture
def copy(releases: Releases) -> Iterator[str]:
    """A copy of a sound backup, to be damaged."""
    origin = releases.backup["v2"]
    server.shell(f"""
cp -a {BACKUPS}/{origin} {BACKUPS}/20200202_020202; cd {BACKUPS}/20200202_020202
sed -i 's/"id": "{origin}"/"id": "20200202_020202"/' manifest.json; sha256sum manifest.json > manifest.json.sha256
""")
    yield f"{BACKUPS}/20200202_020202"
    server.shell(f"rm -r {BACKUPS}/20200202_020202")


@pytest.mark.parametrize("damage", FILES)
def test_a_damaged_backup(damage: str, copy: str, rejected: Callable[..., str]) -> None:
    name, command, complaint = FILES[damage]
    server.shell(command.format(f"{copy}/{name}"))
    message = rejected({"rollback_to": "20200202_020202"})
    assert message.startswith(f"{copy}/{name} ") and complaint in message and "Nothing has been changed." in message


def test_a_dump_that_is_to_be_restored(copy: str, rejected: Callable[..., str]) -> None:
    """Its size alone says nothing."""
    server.shell(f"printf x | dd of={copy}/dumps/db_maymessenger.dump bs=1 seek=100 conv=notrunc status=none")
    message = rejected({"rollback_to": "20200202_020202", "rollback_restore_database": True, "rollback_confirm": True})
    assert message.startswith(f"{copy}/dumps/db_maymessenger.dump was changed: its SHA-256 is not the sealed one")


def test_folders_that_were_exchanged(releases: Releases, rejected: Callable[..., str]) -> None:
    one, other = releases.backup["v1"], releases.backup["v2"]
    exchange = f"cd {BACKUPS}; mv {one} x; mv {other} {one}; mv x {other}"
    server.shell(exchange)
    try:
        message = rejected({"rollback_to": one})
    finally:
        server.shell(exchange)
    assert f"is that of backup {other}, not of {one}: the directory was renamed, or exchanged" in message


def test_a_damaged_journal_and_a_damaged_old_backup(rejected: Callable[..., str], deploying: Deployer, releases: Releases) -> None:
    journal = "/opt/rarebooks/.release.journal.json"
    server.shell(f"echo '{{' > {journal}; mkdir {BACKUPS}/20269999_999999; echo '{{}}' > {BACKUPS}/20269999_999999/manifest.json")
    try:
        listed = deploying({}, playbook="backups.yml")
        message = rejected({})
    finally:
        server.shell(f"rm {journal}")
    assert listed.code == 0 and "expected a time as its name, got 20269999_999999" in listed.said
    assert message.startswith(f"{journal} is damaged") and "Move the file away" in message
    # Nor does the damaged old backup block a deploy.
    done = deploying(releases.variables["v3"])
    server.shell(f"rm -r {BACKUPS}/20269999_999999")
    assert done.code == 0 and done.recap()["changed"] == 0


def test_an_image_that_is_gone(releases: Releases, rejected: Callable[..., str]) -> None:
    image = releases.state["v1"]["container /maymessenger_backend"][0]
    names = server.run("docker", "image", "inspect", "--format", '{{join .RepoTags " "}}', image).split()
    assert any(name.startswith("rarebooksdokploy-backup:") for name in names)
    server.run("docker", "save", "--output", "/root/v1.tar", *names)
    server.run("docker", "rmi", *names)
    try:
        message = rejected({"rollback_to": releases.backup["v1"]})
    finally:
        server.run("docker", "load", "--input", "/root/v1.tar")
    assert message.startswith(f"Backup {releases.backup['v1']}: image maymessenger_backend:")
    assert "of maymessenger_backend is gone" in message
    assert "docker system prune --all" in message and "Nothing has been changed." in message


def test_databases_are_not_restored_without_being_confirmed(releases: Releases, rejected: Callable[..., str]) -> None:
    message = rejected({"rollback_to": releases.backup["v2"], "rollback_restore_database": True})
    assert message.startswith("rollback_restore_database: expected rollback_confirm=true beside it, got none.")


def test_databases_are_not_restored_from_a_backup_without_a_dump(
    releases: Releases, deploying: Deployer, rejected: Callable[..., str]
) -> None:
    without = {"stack_backup_databases": "off", "stack_backup_keep": 20, **releases.variables["v2"]}
    assert deploying(without).code == 0
    identifier = server.backups()[-1]
    message = rejected({"rollback_to": identifier, "rollback_restore_database": True, "rollback_confirm": True})
    assert message.startswith(f"Backup {identifier} holds no dump of a database, so none can be restored.")


def test_a_dump_that_fails_stops_a_deploy_before_anything_changes(releases: Releases, refused: Deployer) -> None:
    program = "/usr/lib/postgresql/15/bin/pg_dump"
    server.run("docker", "exec", "db_maymessenger", "mv", program, f"{program}.away")
    try:
        done = refused({**releases.variables["v1"], "stack_backup_databases": "dump"})
    finally:
        server.run("docker", "exec", "db_maymessenger", "mv", f"{program}.away", program)
    assert "db_maymessenger" in done.message() and "Nothing that runs has been changed" in done.message()


def test_a_disk_that_is_too_small_stops_a_deploy_before_anything_changes(releases: Releases, refused: Deployer) -> None:
    server.shell(f"mount -t tmpfs -o size=16m tmpfs {BACKUPS}")
    try:
        done = refused({**releases.variables["v1"], "stack_backup_databases": "dump"})
    finally:
        server.shell(f"umount {BACKUPS}")
    assert done.message().startswith(f"{BACKUPS}: expected ") and "got 16 MiB. Nothing has been changed." in done.message()
