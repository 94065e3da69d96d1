# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person reads after a failed deploy that was undone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from .._backup import databases as backup_databases
from .._backup import manifest as backup_manifest
from .._engine import containers as engine_containers
from .server import Server
from .switch import Switched


def kept_logs_report(server: Server, logs: Sequence[str]) -> list[str]:
    """Say where the logs are of the containers of the failed release, which are gone, and what could not be kept of them."""
    if not logs:
        return server.logs.problems
    names = ", ".join(os.path.basename(one) for one in logs)
    return [
        f"The whole logs of the failed release's containers are kept below {os.path.dirname(logs[0])}: {names}.",
        "To see what went wrong in them, run: ansible-playbook logs.yml -e logs_since=1h",
        *server.logs.problems,
    ]


def _with_reason(name: str, reasons: Mapping[str, str]) -> str:
    return f"{name} ({reasons[name]})" if reasons.get(name) else name


def restored_report(server: Server, manifest: backup_manifest.Manifest, restored: Switched) -> str:
    """Say what was restored, who serves, and whether the databases have moved on."""
    serving = [app.title for app in manifest.apps if manifest.is_serving(app)]
    unhealthy = [app.title for app in manifest.apps if not manifest.is_serving(app)]
    started = ", ".join(_with_reason(name, restored.reasons) for name in restored.started)
    lines = [
        f"The release that ran before is back and was proven in {restored.seconds} s: "
        f"{' and '.join(serving) or 'no app, since none'} {'serve' if len(serving) > 1 else 'serves'} again.",
        f"Restored from backup {manifest.id}: files {', '.join(sorted(restored.plan.changes)) or 'none'}; containers "
        f"{started or 'none'}; removed {', '.join(restored.removed) or 'none'}.",
    ]
    if restored.certificates:
        lines.append(f"Certificates of before that are served again: {', '.join(restored.certificates)}.")
    lines += [f"{title} was not healthy before this run either and was not waited for." for title in unhealthy]
    running = set(engine_containers.containers_of(server.client, server.project))
    moved = backup_databases.moved_schemas(server.client, manifest.databases, running)
    for container, (then, now) in moved.items():
        entry = manifest.databases[container]
        lines.append(
            f"Database {entry['name']} in {container} is at schema {now or '(none)'}, the restored release was sealed with "
            f"{then or '(none)'}. Data are not touched without being asked to. To restore dump "
            f"{entry['dump']['file'] if entry['dump'] else '(there is none)'} of backup {manifest.id}, and lose what was written since, "
            f"run: ansible-playbook rollback.yml -e rollback_to={manifest.id} -e rollback_restore_database=true "
            "-e rollback_confirm=true"
        )
    return "\n".join(lines)
