# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody's own Compose file says of a service and the release does not, key by key, as Compose understands both.

So that nothing is forgotten, what is passed over is listed here and not what is compared: a key that nobody has thought of is a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.compose import NO_REASON

# Read from the container itself, or a reason to replace it at once.
ELSEWHERE = ("command", "container_name", "entrypoint", "env_file", "environment", "image", "networks", "volumes")
# Of these nothing is left in a container that runs.
NO_EFFECT = (*NO_REASON, "attach", "develop", "expose")
# A release has its own in place of them, and the report says which is another one.
REPLACED = ("healthcheck", "restart")
# Logs that `docker logs` shows, as it does those of a release.
LOCAL_LOGS = ("json-file", "local", "none")


def settings(name: str, own: Mapping[str, Any], service: Mapping[str, Any]) -> list[str]:
    """Return a line for each key of a container's own service that its service in the release does not have, or has otherwise."""
    return [
        f"setting {name} {key}" for key, value in sorted(own.items()) if _counts(key, value, service) and not gives(service.get(key), value)
    ]


def _counts(key: str, value: Any, service: Mapping[str, Any]) -> bool:
    """Say whether a key is compared."""
    if key == "logging" and (value.get("driver") or LOCAL_LOGS[0]) in LOCAL_LOGS:
        return False
    return key not in (*ELSEWHERE, *NO_EFFECT) and not key.startswith("x-") and not (key in REPLACED and service.get(key))


def gives(given: Any, asked: Any) -> bool:
    """Say whether all that is asked for is given; more may be."""
    if isinstance(asked, Mapping):
        return all(gives(given.get(key) if isinstance(given, Mapping) else None, value) for key, value in asked.items())
    if isinstance(asked, list):
        return all(one in (given or []) for one in asked)
    return not asked or asked == given
