# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proves a database's password by a login, through Docker's command line alone.

The SDK may be missing on a server that was set up by hand. Passwords travel in environments, never on a command line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .._base.command import RunCommand

_LAYOUT = (
    '{"status":{{json .State.Status}},"environment":{{json .Config.Env}},"networks":{{json .NetworkSettings.Networks}},'
    '"mounts":{{json .Mounts}}}'
)
_SECONDS = "10"


@dataclass(frozen=True)
class DatabaseContainer:
    """A container with a PostgreSQL as the engine shows it."""

    name: str
    status: str
    # What its image was told when the volume was initialised, unless somebody changed it since.
    user: str
    password: str = field(repr=False)
    address: str = ""
    volumes: frozenset[str] = frozenset()


def find(run_command: RunCommand, name: str) -> DatabaseContainer | None:
    """Return the container of a database; None where there is none or no engine answers."""
    try:
        code, output, _error = run_command(["docker", "container", "inspect", "--format", _LAYOUT, name], handle_exceptions=False)
    except OSError:
        return None
    if code != 0:
        return None
    found = json.loads(output)
    environment = dict(line.partition("=")[::2] for line in found["environment"] or [])
    addresses = [network["IPAddress"] for network in (found["networks"] or {}).values() if network.get("IPAddress")]
    volumes = frozenset(mount["Name"] for mount in found["mounts"] or [] if mount["Type"] == "volume")
    user, password = environment.get("POSTGRES_USER") or "postgres", environment.get("POSTGRES_PASSWORD", "")
    return DatabaseContainer(name, found["status"], user, password, (addresses or [""])[0], volumes)


def complaint(run_command: RunCommand, container: DatabaseContainer, user: str, database: str, password: str) -> str:
    """Log in as the app does, and return why that failed; empty where it did not.

    At the container's own address in its network: PostgreSQL's image lets anybody in from 127.0.0.1, and from the socket.
    """
    values = {
        "PGHOST": container.address,
        "PGPORT": "5432",
        "PGUSER": user,
        "PGDATABASE": database,
        "PGPASSWORD": password,
        "PGCONNECT_TIMEOUT": _SECONDS,
        "PGOPTIONS": "",
        "PGPASSFILE": "/dev/null",
    }
    settings = [word for name in values for word in ("--env", name)]
    argv = ["docker", "exec", *settings, container.name, "psql", "-X", "-q", "-w", "-c", "SELECT 1"]
    code, _output, error = run_command(argv, environ_update=values, handle_exceptions=False)
    return "" if code == 0 else (error.strip().splitlines() or [f"exit code {code}"])[-1]
