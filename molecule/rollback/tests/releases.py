"""Three releases of the messenger, each with what it was on the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import server
from deployment import Deploy


@dataclass
class Releases:
    """What each release was, and the backup in which it was sealed when the next one came."""

    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    backup: dict[str, str] = field(default_factory=dict)
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def deployed(cls, deploying: Callable[..., Deploy], common: Mapping[str, Any], sources: Mapping[str, str]) -> Releases:
        self = cls()
        self.state["shop alone"] = server.release()
        # From v1 to v2 the image and a site differ, from v2 to v3 the environment.
        self.variables = {
            "v1": {"maymessenger_backend_source": sources["v1"]},
            "v2": {"maymessenger_backend_source": sources["v2"], "maymessenger_body_size": "40m"},
            "v3": {
                "maymessenger_backend_source": sources["v2"],
                "maymessenger_body_size": "40m",
                "maymessenger_extra_environment": {"DEMO_VERSION": "3"},
            },
        }
        live = "shop alone"
        for name, variables in self.variables.items():
            done = deploying({**common, **variables})
            assert done.code == 0
            self.state[name] = server.release()
            self.backup[live] = server.backups()[-1]
            live = name
        return self

    def differing(self, one: str, other: str) -> list[str]:
        """Return what differs between two releases."""
        return list(server.difference(self.state[one], self.state[other]))
