"""What verify.yml says of this scenario's server, as a machine reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import server
from deployment import Deploy, deploy


@dataclass(frozen=True)
class Verification:
    """How a verification ended, and its findings."""

    done: Deploy
    document: dict[str, Any]

    def of(self, level: str) -> list[tuple[str, str]]:
        return [(one["area"], one["subject"]) for one in self.document["findings"] if one["level"] == level]

    def one(self, area: str, subject: str) -> dict[str, str]:
        """Return the worst finding on a subject."""
        found = [one for one in self.document["findings"] if (one["area"], one["subject"]) == (area, subject)]
        assert found, f"nothing was said of {area} {subject}: {self.document['findings']}"
        return min(found, key=lambda one: ("failed", "warning", "passed").index(one["level"]))


def verify(variables: Mapping[str, Any] | None = None) -> Verification:
    """Run the playbook, whose document stands on a line of its own."""
    done = deploy({"verify_format": "json", **(variables or {})}, playbook="verify.yml")
    print(done.output)
    assert [value for value in server.secrets() if value in done.output] == []
    (line,) = [line for line in done.output.splitlines() if line.startswith("{")]
    return Verification(done, json.loads(line))
