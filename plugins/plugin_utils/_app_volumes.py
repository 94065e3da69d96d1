# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the volumes of an app's description are those that its Compose files mount.

One that only the description has looks like lost data at every deploy; one that only a Compose file has is looked after by nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.rarebooks.platform.plugins.plugin_utils import _compose_yaml

DIRECTORY = "compose/"
ENDINGS = (".yml", ".yaml")


def fault(variable: str, described: Collection[str], files: Mapping[str, str]) -> str:
    """Return what is wrong with the volumes that a variable describes, by the rendered files of its role; empty where nothing is."""
    composes = sorted(path for path in files if path.startswith(DIRECTORY) and path.endswith(ENDINGS))
    documents = [_parsed(files[path]) for path in composes]
    if not documents or None in documents:
        return ""  # What is no YAML is for Compose to refuse, in words of its own.
    foreign = {name for one in documents for name, volume in _mapping(one, "volumes").items() if _is_foreign(volume)}
    mounted = {name for one in documents for service in _mapping(one, "services").values() for name in _named(service)} - foreign
    wrong = [
        *(f"{name} is mounted and not described, so that nothing looks after it" for name in sorted(mounted - set(described))),
        *(f"{name} is described, and no service mounts it" for name in sorted(set(described) - mounted)),
    ]
    if not wrong:
        return ""
    return (
        f"{variable}.volumes: expected the volumes that the services of {', '.join(composes)} mount, "
        f"{', '.join(sorted(mounted)) or 'none'}, got {', '.join(described) or 'none'}: {'; '.join(wrong)}. Correct one of the two."
    )


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        document = _compose_yaml.load(text)
    except _compose_yaml.NoYaml:
        return None
    return document if isinstance(document, dict) else {}


def _mapping(document: Any, key: str) -> Mapping[str, Any]:
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _is_foreign(volume: Any) -> bool:
    """Say whether a volume has a name of its own, so that it is not the project's."""
    return isinstance(volume, Mapping) and bool(volume.get("external") or volume.get("name"))


def _named(service: Any) -> Iterator[str]:
    """Yield the named volumes that a service mounts; not directories, volumes without a name, and what only the server knows."""
    mounts = service.get("volumes") if isinstance(service, Mapping) else None
    for mount in mounts if isinstance(mounts, list) else []:
        if isinstance(mount, Mapping):
            source = str(mount.get("source") or "") if mount.get("type", "volume") == "volume" else ""
        else:
            source, colon, _target = str(mount).partition(":")
            source = source if colon else ""
        if source and source[0] not in "/.~" and "$" not in source:
            yield source
