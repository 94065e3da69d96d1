# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container's environment beside that of the release: which keys stay, which do not, and which values everybody knows.

Values never leave the server: what is said of one is whether it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._base import secret_store
from .._base.published_secrets import is_published

SAME, CHANGES, DISAPPEARS = "same", "changes", "disappears"
# In the place of a secret that a deploy would generate: no value of today is like it.
_GENERATED = "\0generated\0"


def resolved(wanted: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a release, as far as they are known. Secrets hold what a deploy would use."""
    return {key: _resolved(value, secrets) for key, value in wanted.items()}


def _resolved(text: str, secrets: Mapping[str, str]) -> str:
    missing = dict.fromkeys(secret_store.referenced(text) - secrets.keys(), _GENERATED)
    return secret_store.resolve(text, {**secrets, **missing})


def states(now: Mapping[str, str], wanted: Mapping[str, str], image: Mapping[str, str], lost: Iterable[str]) -> dict[str, str]:
    """Return what becomes of each variable that is not the image's own. Lost are those that a release does not keep."""
    gone = set(lost)
    return {
        key: (CHANGES if key in wanted else DISAPPEARS) if key in gone else SAME
        for key, value in sorted(now.items())
        if key in wanted or image.get(key) != value
    }


def published(now: Mapping[str, str]) -> list[str]:
    """Return the keys whose value, or a part of whose value, was printed in the public guide."""
    return sorted(key for key, value in now.items() if any(map(is_published, _parts(value))))


def _parts(value: str) -> list[str]:
    return [value, *(part.partition("=")[2].strip("\"' ") for part in value.split(";") if "=" in part)]
