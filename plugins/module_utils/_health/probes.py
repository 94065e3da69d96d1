# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The types of probes that an app may describe: what they are called, what they are described by, and what asks for it.

A new one takes this file, one of its own, and docs/apps.md; see CONTRIBUTING.md.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from .answer import HttpCheck
from .gate import Probe

# A union, where there are more of them.
Check = HttpCheck
# By what a description calls them, and which is meant where it does not say.
TYPES: dict[str, type[Check]] = {"http": HttpCheck}
DEFAULT_TYPE = "http"


def probe_of(check: Check, context: ssl.SSLContext, timeout: float, ca_file: str | None, trusted: Sequence[str]) -> Probe:
    """Return the probe that asks for what a check describes."""
    # Here, since whoever only reads descriptions has no need of the library that sends requests.
    from .site import HttpProbe

    return HttpProbe(check, context, timeout, ca_file, trusted)
