# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proves a dump by restoring it: a dump that was never restored is a hope."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from . import global_objects, properties
from .client import COUNT_QUERY, Database, counts, query
from .dump import Dump
from .helper import first_user, pg_restore, server

if TYPE_CHECKING:
    from docker import DockerClient

_NAME = "rarebooks_proof"

# Policies name roles whatever pg_restore is told about owners and rights.
_ROLES = "SELECT format('CREATE ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user"


def prove(client: DockerClient, database: Database, dump: Dump, directory: str, labels: Mapping[str, str]) -> float:
    """Restore a dump into an empty PostgreSQL of the same image, compare all tables, and return the seconds it took."""
    begun = time.monotonic()
    roles = query(client, database, _ROLES, dbname=database.maintenance)
    wanted = properties.read(client, database)
    surroundings = global_objects.load(directory, dump.globals)
    with server(client, database, os.path.join(directory, dump.file), labels) as scratch:
        query(client, scratch, ";\n".join([*(role for (role,) in roles), wanted.creation]), dbname=scratch.maintenance, target=_NAME)
        if surroundings:  # A policy of an older dump may name one that is gone today.
            global_objects.ensure_needed(client, scratch, surroundings)
        where = f"proof of the dump {dump.file} of {database}"
        flags = ["--no-owner", "--no-acl", "--no-tablespaces"]
        pg_restore(client, where, scratch.container, scratch.user, _NAME, dump.format, flags)
        dump.require(where, counts(query(client, scratch, COUNT_QUERY, dbname=_NAME)))
        properties.give(client, scratch, wanted, _NAME)
    return round(time.monotonic() - begun, 3)


def prove_alone(client: DockerClient, database: Database, image: str, dump: Dump, directory: str, labels: Mapping[str, str]) -> bool:
    """Restore a dump into an empty PostgreSQL of an image and compare all tables, without the database that it was made of.

    Where it is known what surrounded that, owners, rights, roles and settings come back as well and are compared; return whether they did.
    """
    where = f"restore of the dump {dump.file} of {database}"
    surroundings = global_objects.load(directory, dump.globals)
    first = replace(database, user=surroundings.bootstrap) if surroundings else database
    with server(client, first, os.path.join(directory, dump.file), labels, image) as scratch:
        flags = ["--no-tablespaces"]
        if surroundings:
            global_objects.give_roles(client, scratch, surroundings)
            properties.create(client, scratch, surroundings.database, _NAME)
        else:
            query(client, scratch, 'CREATE DATABASE :"target" TEMPLATE template0', dbname=scratch.maintenance, target=_NAME)
            flags += ["--no-owner", "--no-acl"]
        pg_restore(client, where, scratch.container, scratch.user, _NAME, dump.format, flags)
        dump.require(where, counts(query(client, scratch, COUNT_QUERY, dbname=_NAME)))
        if surroundings:
            properties.give(client, scratch, surroundings.database, _NAME)
            surroundings.require(where, global_objects.read(client, replace(scratch, name=_NAME)))
    return surroundings is not None


def fill(client: DockerClient, database: Database, dump: Dump, directory: str, where: str) -> None:
    """Load the dump that a scratch container sees, as an app will find it, and compare all tables.

    What the container has made by its environment, and by scripts of its image, makes way for the database as it was.
    """
    surroundings = global_objects.load(directory, dump.globals)
    known = surroundings.bootstrap if surroundings else database.user
    admin = replace(database, user=first_user(client, database.container) or known)
    flags = ["--no-tablespaces"]
    query(client, admin, 'DROP DATABASE IF EXISTS :"name"', dbname=admin.maintenance, name=admin.name)
    if surroundings:
        global_objects.give_roles(client, admin, surroundings)
        properties.create(client, admin, surroundings.database, admin.name)
    else:
        query(client, admin, 'CREATE DATABASE :"name" TEMPLATE template0', dbname=admin.maintenance, name=admin.name)
        flags += ["--no-owner", "--no-acl"]
    pg_restore(client, where, admin.container, admin.user, admin.name, dump.format, flags)
    dump.require(where, counts(query(client, admin, COUNT_QUERY)))
    if surroundings:
        properties.give(client, admin, surroundings.database, admin.name)
    # Without it the first queries would be planned as if all tables were empty.
    query(client, admin, "ANALYZE")
