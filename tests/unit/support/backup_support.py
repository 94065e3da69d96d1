"""A server whose tree is a real directory, with an engine in memory."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.module_utils._backup import seal
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import Manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.seal import Occasion
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Proxy, Release
from memory_engine import PROJECT, Engine

__all__ = ["NOON", "PROJECT", "Engine", "description", "sealed"]

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=timezone.utc)


def description(*apps: str) -> Release:
    described = tuple(App(name=app, title=app.title(), containers=(app,)) for app in apps)
    return Release(apps=described, proxy=Proxy(containers=("nginx",)), network="net")


def sealed(root: Path, engine: Engine, moment: datetime = NOON, apps: tuple[str, ...] = ("web",)) -> Manifest:
    """Seal what is live under root."""
    live = release_live.read(str(root), PROJECT, engine.client, description(*apps))
    return seal.seal(live, Occasion("a test", PROJECT), engine.client, {}, lambda: moment)[0]
