# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A live release that was made by hand says nothing of itself: what is sealed of it is described by what there is."""

from __future__ import annotations

from dataclasses import replace

from .._base import libraries
from .._certificates import live as certificates_live
from .._health import run as health_run
from .._health.probes import Check
from .._release.live import Live
from . import listing


def as_it_runs(root: str, live: Live) -> Live:
    """Return a live release made by hand with a description of what there is of it; what comes after it may have more."""
    if not live.by_hand or live.description.asked:
        return live
    known = live.description
    if not known.apps:  # As where one goes back from it: then nothing is told of the apps but what a backup remembers.
        known = next((one.manifest.description for one in reversed(listing.find_all(root)) if one.manifest and one.manifest.apps), known)
    return replace(live, description=known.as_found(live.images, probes=True))


def with_probes(live: Live) -> Live:
    """Return a release made by hand with those of its probes that hold now: no others can be asked of it when it is gone back to."""
    if not live.by_hand or live.description.asked:
        return live
    apps = live.description.apps
    held = holding([check for app in apps for check in app.checks])
    apps = tuple(replace(app, probes=tuple(check for check in app.checks if check in held)) for app in apps)
    return replace(live, description=replace(live.description, apps=apps, asked=True))


def holding(probes: list[Check]) -> list[Check]:
    """Return those of some probes that hold now."""
    if not probes or libraries.REQUESTS.is_missing:
        return []
    gate = health_run.Gate(probes=probes, trusted=certificates_live.chain_files(), deadline=0.001)
    _all, result = health_run.wait_until_healthy(gate, {})
    return [probe for probe, found in zip(probes, result["probes"], strict=True) if found["ok"]]
