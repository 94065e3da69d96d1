# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sources that lie on a server, to be compared with those of the controller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .names import ArchiveError
from .read import digest_of
from .swap import Place


def look(paths: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what lies at each path: its digest, whether an exchange was cut off there, and why no source could come there."""
    return {path: _look(path) for path in paths}


def _look(path: str) -> dict[str, Any]:
    try:
        place = Place.at(path)
        return {"digest": digest_of(place.manifest()), "interrupted": place.interrupted, "error": ""}
    except ArchiveError as error:
        return {"digest": "", "interrupted": False, "error": str(error)}
    except OSError as error:
        return {"digest": "", "interrupted": False, "error": f"{error.filename or path}: {error.strerror}"}
