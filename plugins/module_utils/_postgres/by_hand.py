# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody changed by hand in the files of a PostgreSQL, beside what its image wrote into them when it made the cluster.

Settings, of postgresql.conf as well as those of ALTER SYSTEM, are taken along to another version as settings of ALTER SYSTEM: PostgreSQL
itself then says which of them it does not know. Rules of pg_hba.conf decide who comes in: these are told, and never copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .client import Database, DatabaseError, query

if TYPE_CHECKING:
    from docker import DockerClient

# What initdb and the image write into a new postgresql.conf, by the names of settings. What follows the language of the image,
# lc_messages and its kin, the next image decides anew.
_WRITTEN_BY_IMAGE: dict[str, frozenset[str]] = {
    "autovacuum_worker_slots": frozenset({"16"}),
    "datestyle": frozenset({"iso, mdy"}),
    "default_text_search_config": frozenset({"pg_catalog.english", "pg_catalog.simple"}),
    "dynamic_shared_memory_type": frozenset({"posix"}),
    "listen_addresses": frozenset({"*"}),
    "log_timezone": frozenset({"Etc/UTC", "UTC", "GMT", "Etc/GMT"}),
    "max_connections": frozenset({"100"}),
    "max_wal_size": frozenset({"1GB"}),
    "min_wal_size": frozenset({"80MB"}),
    "shared_buffers": frozenset({"128MB"}),
    "timezone": frozenset({"Etc/UTC", "UTC", "GMT", "Etc/GMT"}),
}
_OF_THE_LANGUAGE = re.compile(r"lc_")
# What bounds the log that is kept for whoever follows it, which sets that itself: it goes along, and nobody has to be told.
_BOUND = "max_slot_wal_keep_size"
# What names files of the old cluster, or is about its log and its copies elsewhere: in another cluster it is wrong, or does harm.
_OF_THE_CLUSTER = re.compile(r"(data_directory|(config|hba|ident|external_pid)_file|ssl|archive_|restore_command|recovery_|primary_)")

# The last one counts. What a Compose file mounts from elsewhere is mounted at the next image as well, and stays where it is. Settings that
# are lists are stored as quoted names, which a further quote would make one name.
_SETTINGS = """
SELECT DISTINCT ON (lower(name)) lower(name), setting,
       format('ALTER SYSTEM SET %I TO ', name)
       || CASE WHEN lower(name) IN ('search_path', 'temp_tablespaces', 'unix_socket_directories', 'local_preload_libraries',
                                    'session_preload_libraries', 'shared_preload_libraries')
          THEN coalesce((SELECT string_agg(quote_literal(btrim(one, ' "')), ', ') FROM unnest(string_to_array(setting, ',')) one),
                        quote_literal(''))
          ELSE quote_literal(setting) END,
       sourcefile
  FROM pg_file_settings
 WHERE name IS NOT NULL AND setting IS NOT NULL AND strpos(sourcefile, current_setting('data_directory') || '/') = 1
 ORDER BY lower(name), seqno DESC"""

# initdb's rules for whoever is in the container, and the image's for its network.
_RULES = """
SELECT concat_ws(' ', type, array_to_string(database, ','), array_to_string(user_name, ','), address, netmask, auth_method,
                 nullif(array_to_string(ARRAY(SELECT regexp_replace(one, '^(ldapbindpasswd|radiussecrets)=.*', '\\1=***')
                                                FROM unnest(options) one), ' '), ''))
  FROM pg_hba_file_rules
 WHERE error IS NULL AND NOT (
       user_name = '{all}' AND type IN ('local', 'host') AND (
       (database IN ('{all}', '{replication}') AND coalesce(address, '127.0.0.1') IN ('127.0.0.1', '::1')
        AND auth_method IN ('trust', 'peer', 'md5', 'scram-sha-256'))
       OR (database = '{all}' AND address = 'all' AND auth_method IN ('md5', 'scram-sha-256', :'method'))))
 ORDER BY line_number"""


@dataclass(frozen=True)
class Setting:
    """A setting that somebody made, the statement that makes it in another cluster, and the file that it stands in."""

    name: str
    statement: str
    file: str

    @property
    def is_edited(self) -> bool:
        """Say whether it stands where ALTER SYSTEM does not reach it."""
        return not self.file.endswith("/postgresql.auto.conf")

    @property
    def is_of_the_cluster(self) -> bool:
        return bool(_OF_THE_CLUSTER.match(self.name))


def settings(client: DockerClient, database: Database) -> list[Setting]:
    """Return the settings that somebody made in the server of a database."""
    return [
        Setting(name, statement, file)
        for name, value, statement, file in query(client, database, _SETTINGS, dbname=database.maintenance)
        if value not in _WRITTEN_BY_IMAGE.get(name, ()) and not _OF_THE_LANGUAGE.match(name)
    ]


def rules(client: DockerClient, database: Database, environment: Mapping[str, str]) -> list[str]:
    """Return the rules that somebody wrote into pg_hba.conf."""
    method = environment.get("POSTGRES_HOST_AUTH_METHOD") or "scram-sha-256"
    return [rule for (rule,) in query(client, database, _RULES, dbname=database.maintenance, method=method)]


def told(client: DockerClient, database: Database, to: int, environment: Mapping[str, str]) -> list[str]:
    """Say which of it goes along to another version, and which does not."""
    made, found = settings(client, database), []
    along = [one.name for one in made if not one.is_of_the_cluster and one.name != _BOUND]
    if along:
        found.append(
            f"{database.container} was given {', '.join(along)} by hand. That is taken along by ALTER SYSTEM, as far as PostgreSQL {to} "
            "knows it."
        )
    if left := [one.name for one in made if one.is_of_the_cluster]:
        found.append(
            f"{database.container} was given {', '.join(left)} by hand, which is about the old data and not taken along. Set it again "
            "afterwards, where it is still wanted."
        )
    if written := rules(client, database, environment):
        found.append(
            f"pg_hba.conf of {database.container} has rules that somebody wrote, which are not taken along: {'; '.join(written)}. Who "
            "needs them does not come in until they are in that of the new volume."
        )
    return found


def give(client: DockerClient, new: Database, made: Iterable[Setting]) -> tuple[list[str], list[str]]:
    """Make settings in another cluster; return the names of those that it has now, and a note for each that it does not know."""
    given, notes = [], []
    for one in made:
        if one.is_of_the_cluster:
            continue
        try:
            query(client, new, one.statement, dbname=new.maintenance)
            given.append(one.name)
        except DatabaseError as error:
            notes.append(f"{one.name}, which was set by hand, is not taken along: {error}")
    return given, notes
