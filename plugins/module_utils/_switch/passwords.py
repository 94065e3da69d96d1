# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords of databases within a switch: what PostgreSQL accepts follows the files of the release that is made live.

PostgreSQL keeps a password in its data, which no release brings along. So before the containers of a release are started, each of its
databases is compared with the password that the release's own files say. It differs where a password is being rotated, where one goes
back to a release of before a rotation, and where a rotation was cut off at any point: all of them are the same case here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from .._base.published_secrets import is_published
from .._engine.compose import ComposeError
from .._postgres import password as postgres_password
from .._postgres.client import Database, DatabaseError
from .._postgres.start import ensure_running, wait_until_answers
from .._release import description
from .._release.description import App, volume_name
from .._secrets.kept import OTHER
from .._tree.dotenv import quote_in_pair
from .server import Server

USER, PASSWORD = "POSTGRES_USER", "POSTGRES_PASSWORD"
# A connection string or a URL that has a password in it.
LOGIN = re.compile(r"(?i:(?:^|[;\s])(?:password|pwd)\s*=)|://[^/@\s]*:[^/@\s]*@")


def follow(server: Server, apps: Iterable[App]) -> list[str]:
    """Let the databases of the live files accept the passwords that these files say; return what to tell."""
    notes = []
    for database, password in _said(server, [app for app in apps if app.databases]):
        kept = _stored(server, database)
        if kept is not None and not postgres_password.opens(kept, database.user, password):
            postgres_password.give(server.client, database, password, kept)
            notes.append(_note(server, database, password))
        elif kept and postgres_password.is_md5(kept) and database.user in postgres_password.locked_out(server.client, database):
            postgres_password.give(server.client, database, password, kept="")
            notes.append(
                f"{database.container} kept the password of {database.user} as MD5, with which its pg_hba.conf lets nobody in; it keeps "
                "the same one as SCRAM now."
            )
    return notes


def _said(server: Server, apps: list[App]) -> list[tuple[Database, str]]:
    """Return the databases that hold data, each with its password according to the files."""
    if not apps:
        return []
    try:
        services = _services(server)
    except ComposeError:
        return []  # Whoever starts the containers in a moment gives the reason.
    environments = {name: _texts(one.get("environment") or {}) for name, one in services.items()}
    found = []
    for app in apps:
        others = [environments.get(name, {}) for name in app.containers if name not in {one.container for one in app.databases}]
        for one in app.databases:
            said = environments.get(one.container, {})
            password, database = said.get(PASSWORD, ""), Database(one.container, one.name, one.user)
            # PostgreSQL's image reads its variables once. Where nobody logs in with this one, as after a change by hand, it says nothing.
            used = is_used(password, _logins(_hosts(one.container, services), others))
            if password and said.get(USER, "postgres") == one.user and used and _holds_data(server, app, one):
                found.append((database, password))
    return found


def _holds_data(server: Server, app: App, database: description.Database) -> bool:
    """Say whether a database has been initialised; if not, its image does so with the password of the files."""
    names = {volume.name for volume in server.client.volumes.list()}
    return not database.volume or volume_name(server.project, database.volume, app.unprefixed_volumes) in names


def _services(server: Server) -> dict[str, dict[str, Any]]:
    """Return what the live files say of each container."""
    project = server.compose
    return {one["container_name"]: one for one in project.services() if project.is_about(one["service"])}


def _hosts(container: str, services: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the names by which others reach a container."""
    one = services.get(container, {})
    networks = one.get("networks") or {}
    return {
        container,
        one.get("service", container),
        *(alias for network in networks.values() if network for alias in network.get("aliases") or []),
    }


def _logins(hosts: Iterable[str], environments: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Return the variables with which apps log in to a host: those that name it with a password, or any where none does.

    Another database's password says nothing of this one: a server made by hand may hand both of them the same variables.
    """
    named = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, hosts))})(?![\w.-])")
    listed = list(environments)
    found = [{name: value for name, value in one.items() if LOGIN.search(value) and named.search(value)} for one in listed]
    return list(found) if any(found) else listed


def _texts(environment: Mapping[str, Any]) -> dict[str, str]:
    return {name: str("" if value is None else value) for name, value in environment.items()}


def is_used(password: str, environments: Iterable[Mapping[str, str]]) -> bool:
    """Say whether an app logs in with this password: as a value of its own, in a connection string, or in a URL."""
    pair = "|".join(re.escape(one) for one in (quote_in_pair(password), f'"{password}"', f"'{password}'"))
    urls = {f":{one}@" for one in (password, quote(password, safe=""))}
    connection = re.compile(rf"(?i:(?:^|[;\s])(?:password|pwd)\s*=\s*)(?:{pair})(?:[;\s]|$)")
    return any(
        value == password or connection.search(value) or any(url in value for url in urls)
        for environment in environments
        for value in environment.values()
    )


def _stored(server: Server, database: Database) -> str | None:
    """Return what PostgreSQL keeps of a password, None where it cannot be asked: then the gate finds out, and says more."""
    try:
        return postgres_password.stored(server.client, database)
    except DatabaseError:
        pass
    try:
        # It may be down, or on its way up, as after a restart of the server.
        ensure_running(server.client, server.compose, [database], {})
        wait_until_answers(server.client, database)
        return postgres_password.stored(server.client, database)
    except DatabaseError:
        return None


def _note(server: Server, database: Database, password: str) -> str:
    text = f"Database {database.name} in {database.container} did not accept the password of this release, and was given it."
    if password not in [value for name, value in server.secrets.items() if not name.startswith(OTHER)]:
        text += " It is not the one in the store of secrets, which the next deploy gives it again."
    if is_published(password):
        text += " It was printed in the public deployment guide, so that everybody knows it."
    return text
