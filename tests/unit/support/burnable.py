"""A server that was brought to a repository, and can be burned."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.restore import Restore
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.snapshot import Snapshotter
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease
from ansible_collections.rarebooks.platform.plugins.modules import backup_fetch, server_restore
from machine import Machine
from memory_engine import PROJECT
from memory_repository import MemoryRepository

PICTURES = f"{PROJECT}_pictures"


class Server(Machine):
    """One whose app has a volume of files beside its database's, brought to a repository with three rows in the database."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root, monkeypatch, capsys)
        self.base = root
        self.repository = MemoryRepository()
        # Others by their location.
        self.stores: dict[str, MemoryRepository] = {}
        self.settings = Settings(
            host="shop",
            path=str(self.root),
            project=PROJECT,
            secrets_file=str(self.root / ".secrets.json"),
            letsencrypt_path=str(self.root / "letsencrypt"),
            ca_path=str(self.root / "ca"),
            repositories=(self.repository.location,),
            staging=str(root / "staging"),
        )
        self.pictures = root / "volumes" / PICTURES / "_data"
        self.pictures.mkdir(parents=True)
        (self.pictures / "one").write_text("a picture")
        for name in ("chat_data", "pictures"):
            self.engine.volume_names.add(f"{PROJECT}_{name}")
        (root / "certificates" / "live").mkdir(parents=True)
        (root / "certificates" / "live" / "chain").write_text("a chain")
        self.image(1)
        self.deploy(1)
        (self.root / ".secrets.json").write_text('{"chat": "hush"}')
        (self.root / "letsencrypt").mkdir()
        (self.root / "letsencrypt" / "account").write_text("me")
        self.postgres.write("db", "chat", "Users", 3)
        self.give_back()
        self.snapshot()
        self.image(2)
        self.deploy(2)
        self.give_back()

    def description(self, *more: str, database: bool = True) -> dict[str, Any]:
        said = super().description(*more, database=database)
        chat = {"container": "db", "name": "chat", "user": "postgres", "volume": "chat_data"}
        said["apps"][0] |= {"volumes": ["chat_data", "pictures"], "databases": [chat]}
        return said

    def give_back(self) -> None:
        held = self.place.load()
        if held:
            lease.give_back(self.place, held.run.token)

    def snapshot(self) -> None:
        one = Snapshotter(self.settings, self.engine.client, [self.repository], str(self.base / "state"))
        one.place = self.place
        one.run()
        assert one.failed == {}
        self._capsys.readouterr()

    def found(self, identifier: str = "") -> fetch.Offsite:
        return fetch.find([self.repository], "shop", identifier)

    def fetch(self) -> Any:
        return fetch.fetch(self.engine.client, str(self.root), self.found(), self.settings.staging)

    def burn(self) -> None:
        """Leave nothing but what is in the repository, and the images of public registries."""
        shutil.rmtree(self.root)
        shutil.rmtree(self.base / "volumes")
        shutil.rmtree(self.base / "certificates")
        self.engine.running.clear()
        self.engine.volume_names.clear()
        self.engine.tags.clear()
        self.postgres.clusters.clear()
        self.postgres.create("db", "chat")  # As its image makes it at its first start.

    def damage(self, repository: MemoryRepository) -> None:
        """Flip what the newest snapshot of a repository has of a dump."""
        _one, files = [held for held in repository.store.held if held[0].backup][-1]
        files[next(path for path in files if "/backup/dumps/" in path)] += b"x"

    def restore_module(self, **options: Any) -> dict[str, Any]:
        """Call the module server_restore, which knows of no project."""
        with patch_module_args({"path": str(self.root), "directory": "/x", **options}), pytest.raises(SystemExit):
            server_restore.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return result

    def fetch_module(self, **options: Any) -> dict[str, Any]:
        """Call the module backup_fetch, which knows of no project."""
        with patch_module_args({"path": str(self.root), **options}), pytest.raises(SystemExit):
            backup_fetch.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return result

    def restore(self, identifier: str = "") -> Restore:
        one = Restore(self.settings, self.engine.client, self.found(identifier), str(self.base / "certificates"))
        one.run()
        return one
