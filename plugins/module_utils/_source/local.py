# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A source on the controller, be it a zip or a directory."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

from .entries import Limits
from .names import ArchiveError
from .pack import build
from .read import DEFAULT_LIMITS, REQUIRED, Archive, inspect, inspect_stream


def inspect_source(src: str, checksum: str | None = None, required: Sequence[str] = REQUIRED, limits: Limits = DEFAULT_LIMITS) -> Archive:
    """Return what a zip, or a directory once packed, holds; raise ArchiveError where it may not be deployed."""
    return load_source(src, checksum, required, limits)[0]


def load_source(src: str, checksum: str | None, required: Sequence[str], limits: Limits) -> tuple[Archive, bytes | None]:
    """Do the same, and return the packed bytes of a directory; none for a zip, which lies at src."""
    src = os.path.abspath(os.path.expanduser(src))
    if not os.path.isdir(src):
        return inspect(src, checksum, required, limits), None
    if checksum:
        advice = "Remove the checksum, or give the zip it belongs to."
        raise ArchiveError(src, "a checksum cannot be held against a directory", "a zip file", "a directory", advice)
    content = build(src, limits=limits)
    return inspect_stream(io.BytesIO(content), src, None, required, limits), content
