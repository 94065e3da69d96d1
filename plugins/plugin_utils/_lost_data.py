# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says which data are gone, and how they come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

RESTORE = "ansible-playbook rollback.yml -e rollback_to={} -e rollback_restore_database=true -e rollback_confirm=true"
ACCEPT = "To start without these data, deploy with -e stack_allow_empty_volumes=true."


def problems(lost: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each volume that a proven release had and whose data are gone."""
    return [_problem(one) for one in lost]


def _problem(one: Mapping[str, Any]) -> str:
    what = f"the database {one['database']} of container {one['container']}" if one["database"] else "the files"
    got = "no such volume" if one["state"] == "missing" else f"one made since, with {one['rows']} rows in all"
    return f"Volume {one['volume']}: expected {what} that the last proven release had, got {got}. {_way_back(one)} {ACCEPT}"


def _way_back(one: Mapping[str, Any]) -> str:
    if not one["database"]:
        return "Backups hold no files of volumes: restore it from a copy of your own."
    if not one["backup"]:
        return "No backup has a dump of it: restore it from a copy of your own."
    others = f" The databases of {', '.join(one['others'])} go back to that backup as well." if one["others"] else ""
    return f"Its newest dump, with {one['rows_sealed']} rows, is in backup {one['backup']}: {RESTORE.format(one['backup'])}.{others}"
