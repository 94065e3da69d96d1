"""Docker's command line on a pretended server: containers with databases that open with one password, and a record of what was run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any


@dataclass
class Database:
    """A container with a PostgreSQL. The logins are those that it lets in, which need not be what its environment says."""

    volume: str
    environment: dict[str, str] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)
    status: str = "running"
    project: str = "ours"

    def layout(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "environment": [f"{name}={value}" for name, value in self.environment.items()] or None,
            "networks": {"rarebooks_network": {"IPAddress": "172.19.0.2"}},
            "labels": {"com.docker.compose.project": self.project} if self.project else None,
            "mounts": [{"Type": "volume", "Name": self.volume}, {"Type": "bind", "Source": "/etc/hosts"}],
        }


class DockerCli:
    """Stands in for AnsibleModule.run_command."""

    def __init__(self, **databases: Database) -> None:
        self.databases = databases
        self.commands: list[list[str]] = []

    def __call__(self, argv: list[str], environ_update: dict[str, str] | None = None, **_options: Any) -> tuple[int, str, str]:
        self.commands.append(argv)
        if argv[:3] == ["docker", "container", "inspect"]:
            found = self.databases.get(argv[-1])
            return (0, json.dumps(found.layout()), "") if found else (1, "", "No such container")
        assert argv[:2] == ["docker", "exec"] and environ_update is not None, argv
        # Docker passes on the variables that are named, and no others.
        given = {name: environ_update[name] for word, name in pairwise(argv) if word == "--env"}
        logins = self.databases[argv[argv.index("psql") - 1]].logins
        if given["PGHOST"] != "172.19.0.2":
            return 0, "1", ""  # As PostgreSQL's image trusts whoever comes from inside.
        if logins.get(given["PGUSER"]) == given["PGPASSWORD"]:
            return 0, "1", ""
        return 2, "", f'psql: error: FATAL:  password authentication failed for user "{given["PGUSER"]}"\n'

    @property
    def words(self) -> set[str]:
        """Return every word of every command line: what anybody on the server could see."""
        return {word for command in self.commands for word in command}
