# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database with everything that makes dumps difficult goes from one real PostgreSQL to a later one, in another volume."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import container_files
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.carrying import CONNECTED
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import cluster, collation
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.carry_over import (
    carry_over,
    end_clients,
    left_behind,
    new_volume,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import COUNT_QUERY, Database, DatabaseError, counts, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump, dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.exchange import rows_written
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import run_program

from demo import build_images

sys.path.insert(0, os.path.dirname(__file__))
from lab import DATABASE, LABELS, NAME, PASSWORD, TABLES, bare, running, writing

VOLUME = "rarebooks-scratch-lab-again"
# From 18 on the volume lies above the data, whose directory is named after the version.
TARGETS = {16: cluster.DATA, 17: cluster.DATA, 18: "/var/lib/postgresql"}
PROPERTIES = """
SELECT datcollate, datctype, pg_encoding_to_char(encoding), pg_get_userbyid(datdba),
       (SELECT array_agg(one ORDER BY one::text) FROM unnest(datacl) one)
  FROM pg_database WHERE datname = 'shop'"""
# Who grants what others have granted, and passwords as they were kept until 13.
GRANTS = """
CREATE ROLE editor;
CREATE ROLE deputy;
CREATE ROLE reader;
GRANT editor TO deputy WITH ADMIN OPTION;
SET ROLE deputy;
GRANT editor TO reader;
RESET ROLE;
SET password_encryption TO 'md5';
CREATE ROLE old LOGIN PASSWORD 'of old';
"""
MEMBERS = "SELECT roleid::regrole, member::regrole, admin_option{} FROM pg_auth_members WHERE roleid > 16383 ORDER BY 1, 2"
ROLES = "SELECT rolname, rolsuper, rolpassword FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1"


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    """A laboratory with PostgreSQL 15, whose volume is not read while it is taken to the next one."""
    client = docker.from_env()
    for major in TARGETS:
        build_images.provide_later(major)
    with running(client):
        yield client
    for volume in client.volumes.list(filters={"label": "rarebooks.test=postgres"}):
        volume.remove(force=True)


@pytest.fixture(scope="module")
def dumped(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> tuple[Dump, str]:
    directory = str(tmp_path_factory.mktemp("dumps"))
    return dump(client, DATABASE, directory, labels=LABELS), directory


def upgraded(
    client: docker.DockerClient,
    dumped: tuple[Dump, str],
    major: int,
    volume: str = VOLUME,
    environment: dict[str, str] | None = None,
    told: str = "",
    source: Database = DATABASE,
) -> Iterator[Database]:
    """Take it there, and have the new volume served as a release does."""
    image, target = f"postgres:{major}", TARGETS[major]
    new_volume(client, source, volume, LABELS, LABELS)
    given = environment or {"POSTGRES_PASSWORD": PASSWORD}
    carried = carry_over(client, source, *dumped, image, (volume, target), given, LABELS)
    assert told in " ".join(carried.notes) and len(carried.notes) == bool(told)
    container = client.containers.run(image, name=f"{volume}-served", detach=True, labels=LABELS, volumes=[f"{volume}:{target}"])
    try:
        deadline = time.monotonic() + 30
        while run_program(client, f"{volume}-served", ["pg_isready", "-h", "127.0.0.1", "-U", DATABASE.user]).code != 0:
            assert time.monotonic() < deadline, container.logs().decode()
            time.sleep(0.1)
        yield replace(source, container=f"{volume}-served")
    finally:
        container.remove(force=True, v=True)
        client.volumes.get(volume).remove(force=True)


def require_everything(client: docker.DockerClient, dumped: tuple[Dump, str], database: Database, major: int) -> None:
    assert query(client, database, "SHOW server_version_num")[0][0].startswith(str(major))
    assert collation.all_outdated(client, database) == []
    found = counts(query(client, database, COUNT_QUERY))
    assert found == dumped[0].tables and TABLES.items() <= found.items()
    for question in (PROPERTIES, ROLES, "SHOW search_path", "SHOW timezone", "SELECT id, name FROM \"Users\" WHERE name LIKE '%|%'"):
        assert query(client, database, question) == query(client, DATABASE, question), question
    setting = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'librarian'::regrole"
    assert query(client, database, setting) == query(client, DATABASE, setting)


def test_every_row_role_right_and_setting_is_there(client: docker.DockerClient, dumped: tuple[Dump, str]) -> None:
    for database in upgraded(client, dumped, 17):
        require_everything(client, dumped, database, 17)


@pytest.mark.parametrize(("before", "after"), [(15, 16), (16, 18)])
def test_memberships_and_old_passwords_come_along(client: docker.DockerClient, tmp_path: Path, before: int, after: int) -> None:
    """From 16 on it matters who granted them; 18 warns of passwords that are kept as MD5."""
    with bare(client, f"{NAME}-of-{before}", image=f"postgres:{before}") as source:
        query(client, source, GRANTS)
        found = (dump(client, source, str(tmp_path), labels=LABELS), str(tmp_path))
        for database in upgraded(client, found, after, told="keeps passwords as MD5", source=source):
            members = MEMBERS.format(", grantor::regrole" if before >= 16 else "")
            assert query(client, database, members) == query(client, source, members) != []
            command = ["sh", "-c", 'PGPASSWORD="of old" psql -h "$(hostname -i)" -U old -d shop -Atc "SELECT current_user"']
            assert run_program(client, database.container, command).stdout == b"old\n"


def test_nobody_writes_there_while_it_is_taken_along_unseen(client: docker.DockerClient) -> None:
    before = end_clients(client, DATABASE)
    assert end_clients(client, DATABASE) == before
    with writing(client):
        connected = query(client, DATABASE, CONNECTED, dbname=DATABASE.maintenance, name=DATABASE.name)
        assert connected == [["shopkeeper from within the container (rarebooks)"]]
        time.sleep(0.2)
    time.sleep(0.1)
    assert rows_written(client, DATABASE, DATABASE.name) > before


def test_an_image_that_keeps_its_data_elsewhere_finds_them_there(client: docker.DockerClient, dumped: tuple[Dump, str]) -> None:
    config = cluster.image_config(client, "postgres:18")
    assert cluster.mount_of(config, "/var/lib/postgresql/18/docker") == TARGETS[18]
    for database in upgraded(client, dumped, 18):
        require_everything(client, dumped, database, 18)
        assert cluster.version_of(f"{cluster.volume_path(client, VOLUME)}/18/docker") == 18
        # The same volume where the image of before had it: it would start empty.
        service = {"image": "postgres:18", "volumes": [{"type": "volume", "source": "data", "target": cluster.DATA}]}
        document = {"volumes": {"data": {"name": VOLUME}}}
        assert cluster.cluster_of(client, service, document).volume == ""
        service["volumes"] = [{"type": "volume", "source": "data", "target": TARGETS[18]}]
        assert cluster.cluster_of(client, service, document).version == 18
        assert cluster.cluster_of(client, {**service, "image": "postgres:17"}, document).elsewhere == 18


def test_what_was_changed_by_hand_and_what_stays_behind_is_told(client: docker.DockerClient) -> None:
    # What follows the log has bounded it.
    query(client, DATABASE, "ALTER SYSTEM SET max_slot_wal_keep_size TO '2GB'")
    assert left_behind(client, DATABASE, 17, {}) == []
    query(client, DATABASE, "CREATE DATABASE beside", dbname="postgres")
    for setting, value in (("log_min_duration_statement", "5s"), ("vacuum_defer_cleanup_age", "7"), ("ssl_ciphers", "HIGH")):
        query(client, DATABASE, f"ALTER SYSTEM SET {setting} TO '{value}'")
    edits = "echo max_connections = 130 >> $PGDATA/postgresql.conf; echo host shop librarian 10.1.0.0/16 md5 >> $PGDATA/pg_hba.conf"
    # One of a file that a Compose file mounts, and a rule with a secret.
    edits += "; echo work_mem = 5MB > /tmp/mounted.conf; chmod 644 /tmp/mounted.conf"
    edits += "; echo \"include '/tmp/mounted.conf'\" >> $PGDATA/postgresql.conf"
    edits += "; echo host shop all 10.2.0.0/16 ldap ldapserver=a ldapbasedn=b ldapbindpasswd=hidden >> $PGDATA/pg_hba.conf"
    assert run_program(client, NAME, ["sh", "-c", edits]).code == 0
    told = left_behind(client, DATABASE, 17, {})
    assert len(told) == 4 and "database beside" in told[0] and " ssl_ciphers by hand, which is about the old data" in told[2]
    assert "given log_min_duration_statement, max_connections, vacuum_defer_cleanup_age by hand. That is taken along" in told[1]
    assert "pg_hba.conf" in told[3] and ": host shop librarian 10.1.0.0 255.255.0.0 md5; " in told[3]
    assert "hidden" not in told[3] and "ldapbindpasswd=***" in told[3] and "work_mem" not in str(told)


def test_one_that_was_begun_to_be_filled_is_filled_anew(client: docker.DockerClient, dumped: tuple[Dump, str], tmp_path: Path) -> None:
    """A run that was killed leaves its container behind, which has the volume. What was set by hand is set there, where that knows it."""
    left = f"rarebooks-scratch-upgrade-{NAME}"
    client.volumes.create(VOLUME, labels=LABELS)
    client.containers.run("postgres:17", ["sleep", "60"], name=left, detach=True, labels=LABELS, volumes=[f"{VOLUME}:{cluster.DATA}"])
    # The file is one that the app's Compose file mounts.
    environment = {"POSTGRES_PASSWORD_FILE": "/run/secrets/password"}
    unknown = "vacuum_defer_cleanup_age, which was set by hand, is not taken along"
    for database in upgraded(client, dumped, 17, environment=environment, told=unknown):
        assert counts(query(client, database, COUNT_QUERY)) == dumped[0].tables
        names = ("log_min_duration_statement", "max_connections", "max_slot_wal_keep_size")
        settings = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
        assert query(client, database, settings) == [["5s", "130", "2GB"]] and query(client, database, ROLES) == query(
            client, DATABASE, ROLES
        )
    assert not client.containers.list(all=True, filters={"name": left})


def test_one_that_does_not_start_with_what_was_set_is_no_upgrade(client: docker.DockerClient, dumped: tuple[Dump, str]) -> None:
    query(client, DATABASE, "ALTER SYSTEM SET shared_preload_libraries TO gone")
    try:
        with pytest.raises(DatabaseError, match=r"postgres:17 does not start .* shared_preload_libraries .*\"gone\".* RESET"):
            next(upgraded(client, dumped, 17))
    finally:
        query(client, DATABASE, "ALTER SYSTEM RESET shared_preload_libraries")
        client.volumes.get(VOLUME).remove(force=True)


def test_an_extension_that_the_image_does_not_have_is_found(client: docker.DockerClient) -> None:
    directory = "/usr/share/postgresql/17/extension"
    wanted = {f"{directory}/{name}.control" for name in ("plpgsql", "gone")}
    assert container_files.found_in_image(client, "postgres:17", wanted, "lab") == {f"{directory}/plpgsql.control"}
    assert not client.containers.list(all=True, filters={"name": "lab-files-of-image"})
