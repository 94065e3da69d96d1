"""The server that tests bring back, as it is and with modules that find its repository."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch, snapshot, staging
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.restore import Restore
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease
from ansible_collections.rarebooks.platform.plugins.modules import backup_fetch, backup_info, server_restore, snapshot_fetch
from burnable import Server


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Server:
    monkeypatch.setattr(staging, "DAEMON", str(tmp_path / "daemon.json"))
    monkeypatch.setattr(staging, "CERTIFICATES", str(tmp_path / "certificates"))
    monkeypatch.setattr(snapshot, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(lease, "DIRECTORY", str(tmp_path / "leases"))
    return Server(tmp_path, monkeypatch, capsys)


@pytest.fixture
def settled(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return the server with settings that modules find, and with its repository in the place of restic's."""
    for module in (backup_fetch, backup_info, server_restore, snapshot_fetch):
        monkeypatch.setattr(module, "Repository", lambda location, _access: server.stores.get(location, server.repository))
    monkeypatch.setattr(server_restore, "Restore", partial(Restore, certificates=str(server.base / "certificates")))
    monkeypatch.setattr(backup_fetch.fetch, "STAGING", server.settings.staging)
    monkeypatch.setattr(backup_fetch.settings, "load", lambda _directory: server.settings)
    monkeypatch.setattr(backup_fetch, "staged", lambda name: f"{server.settings.staging}/{name}")
    original = fetch.fetch

    def fetched(client: Any, root: str, one: Any, staging: str = server.settings.staging, **how: bool) -> Any:
        return original(client, root, one, staging, **how)

    monkeypatch.setattr(backup_fetch.fetch, "fetch", fetched)
    return server
