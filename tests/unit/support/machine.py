"""A server whose tree is a real directory and whose engine is in memory, and our modules as Ansible calls them there."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import docker
import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import live as certificates_live
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import proxy as engine_proxy
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import switch
from ansible_collections.rarebooks.platform.plugins.modules import backup, release
from memory_compose import Compose
from memory_engine import PROJECT, Engine
from memory_postgres import Postgres

DATABASE = {"container": "db", "name": "chat", "user": "postgres"}


class Machine:
    """Releases are numbers, which their image, their file and the version of their schema are named by."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root / "stack", capsys
        self.root.mkdir()
        self.engine = Engine(str(root))
        self.compose, self.postgres = Compose(self.engine), Postgres(self.engine)
        self.place = lease.Place(str(self.root), str(root / "leases"))
        self.warnings: list[str] = []
        # What the next release says its site has to answer.
        self.probes: list[dict[str, Any]] = []
        self.runs = 0
        for image in ("nginx:1", "postgres:15"):
            self.engine.has_image(image, f"sha256:{image}")
        self.engine.turns_out["sha256:postgres:15"] = "none"
        self.postgres.create("db", "chat")  # As its image makes it at its first start.
        monkeypatch.setattr(docker, "from_env", lambda **_options: self.engine)
        monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, argv, **options: self.compose(argv, **options))
        monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: self.warnings.append(text))
        monkeypatch.setattr(engine_proxy, "children", self.engine.children)
        monkeypatch.setattr(engine_proxy, "accepts", lambda _worker: False)
        monkeypatch.setattr(switch, "PAUSE", 0)
        monkeypatch.setattr(certificates_live, "stated", dict)

    def description(self, *more: str, database: bool = True) -> dict[str, Any]:
        """Return what a release of an app with a database, and of apps that are one container each, says of itself."""
        databases = [DATABASE] if database else []
        chat = {"name": "chat", "title": "Chat", "containers": ["db", "web"], "probes": self.probes, "databases": databases}
        others = [{"name": app, "title": app.title(), "containers": [app], "probes": [], "databases": []} for app in more]
        return {"apps": [chat, *others], "proxy": {"containers": ["nginx"]}, "network": "net", "sources": {}}

    def image(self, number: int, turns_out: str = "healthy") -> str:
        """Build the image of a release, whose containers turn out so."""
        self.engine.has_image(f"web:{number}", f"sha256:{number:064}")
        self.engine.turns_out[f"sha256:{number:064}"] = turns_out
        return f"web:{number}"

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        """Return the files of a release."""
        images = {"nginx": "nginx:1", "db": "postgres:15", **dict.fromkeys(("web", *more), f"web:{number}")}
        services = {name: {"container_name": name, "image": image, "restart": "unless-stopped"} for name, image in images.items()}
        return [
            {"path": "docker-compose.yml", "content": json.dumps({"services": services})},
            {"path": "release.json", "content": json.dumps(self.description(*more))},
            {"path": "nginx/site.conf", "content": f"# {number}\n"},
        ]

    def call(self, module: ModuleType, **options: Any) -> dict[str, Any]:
        """Call a module with arguments, and return what it says."""
        arguments = {"path": str(self.root), "project": PROJECT, **options}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        result.pop("invocation", None)
        return result

    def run(self, action: str = "deploy") -> Run:
        """Begin a run; one that died before may still hold the lease."""
        self.runs += 1
        run = Run(f"{self.runs:08x}{'0' * 24}", action, "a test", started=f"2026-11-24T12:00:{self.runs:02}Z")
        held = self.place.load()
        if held:
            lease.give_back(self.place, held.run.token)
        lease.take(self.place, run, "checking")
        return run

    def seal(self, run: Run | None = None, **options: Any) -> dict[str, Any]:
        return self.call(backup, run=run.to_dict() if run else {}, lease_directory=self.place.directory, **options)

    def switch(self, run: Run, **options: Any) -> dict[str, Any]:
        common = {"proxy_record": str(self.root / ".loaded.json"), "proxy_paths": [str(self.root / "nginx")], "deadline": 1}
        return self.call(release, run=run.to_dict(), lease_directory=self.place.directory, **{**common, **options})

    def deploy(self, number: int, *more: str, check: bool = False, **options: Any) -> dict[str, Any]:
        """Deploy a release as the role stack does: what is live is sealed, then switched from."""
        common = {"files": self.files(number, *more), "_ansible_check_mode": check, "_ansible_diff": True}
        if check:
            return self.switch(Run("0" * 32), **{**common, **options})
        run = self.run()
        sealed = self.seal(run)
        assert not sealed.get("failed"), sealed["msg"]
        return self.switch(run, backup=sealed["id"], **{**common, **options})

    def rollback(self, to: str, **options: Any) -> dict[str, Any]:
        """Go back to a backup as rollback.yml does."""
        run = self.run("rollback")
        sealed = self.seal(run)
        assert not sealed.get("failed"), sealed["msg"]
        return self.switch(run, to=to, backup=sealed["id"], **options)

    @property
    def short(self) -> str:
        """Return what the names of this run's databases end in."""
        return f"{self.runs:08x}"

    @property
    def ledger(self) -> list[tuple[str, str]]:
        return [(entry["action"], entry["result"]) for entry in ledger.read(str(self.root))[0]]

    @property
    def journal(self) -> Journal | None:
        return journal.read(str(self.root))

    @property
    def images(self) -> dict[str, str]:
        """Return which image each container that runs is of."""
        return {name: one["Config"]["Image"] for name, one in self.engine.running.items() if one["State"]["Status"] == "running"}

    @property
    def tree(self) -> dict[str, str]:
        """Return the text of each file of the release."""
        paths = [path for path in self.root.rglob("*") if path.is_file() and "backups" not in path.parts]
        return {str(path.relative_to(self.root)): path.read_text() for path in paths if path.name not in ("ledger.jsonl", ".loaded.json")}

    @property
    def databases(self) -> dict[str, int]:
        """Return the databases beside the app's own, with their rows."""
        return {name: sum(one.tables.values()) for name, one in self.postgres.clusters.get("db", {}).items()}
