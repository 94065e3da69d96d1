# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A dead man's switch as healthchecks services have it: somebody else misses us when we stay away."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

with suppress(ImportError):  # See _base.libraries.
    import requests

SECONDS = 10.0
TRIES = 3


def address(url: str, well: bool) -> str:
    """Return what to call: the URL, or its ``/fail``."""
    parts = urlsplit(url)
    return url if well else parts._replace(path=f"{parts.path.rstrip('/')}/fail").geturl()


def ping(url: str, well: bool, text: str) -> str:
    """Say that we are here, and return why it could not be said. The text is for whoever looks there."""
    error = ""
    for _try in range(TRIES):
        try:
            answer = requests.post(
                address(url, well), text.encode(), timeout=SECONDS, headers={"Content-Type": "text/plain; charset=utf-8"}
            )
        except ValueError:
            return "its URL is none"
        except OSError as problem:
            # The address is not told: its path is a secret.
            error = type(problem).__name__
            continue
        if answer.ok:
            return ""
        error = f"HTTP {answer.status_code}"
    return error
