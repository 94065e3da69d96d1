"""What is live, since when and by whom; and nothing that cannot be read hides the rest."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import usage
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Proxy, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._status import sizes
from ansible_collections.rarebooks.platform.plugins.module_utils._status.status import Status
from backup_support import NOON, PROJECT, Engine, sealed

RUN = ledger.Run("t", "deploy", "alice@laptop", commit="abc", started="2026-11-24T11:00:00Z")
RELEASE = Release(
    proxy=Proxy(containers=("nginx",)),
    apps=(
        App(
            name="shop",
            title="Shop",
            containers=("web", "db"),
            certificate="no.such.example.org",
            server_names=("example.org",),
            databases=(Database(container="db", name="Books", user="u"),),
        ),
    ),
)


class Server:
    def __init__(self, root: Path) -> None:
        self.root, self.engine = root, Engine(str(root))
        (root / "docker-compose.yml").write_text("services: {}\n")
        (root / "release.json").write_text(json.dumps(state.plain(RELEASE)))
        for name in ("web", "db", "extra"):
            self.engine.run(name, f"{name}:1", f"sha256:{name}")

    def entry(self, result: str, release: str = "", **facts: str) -> None:
        digest = release or live.read(str(self.root), PROJECT, self.engine.client).digest
        ledger.append(str(self.root), ledger.entry(RUN, result, 60.0, release=digest, **facts))

    def read(self) -> dict[str, Any]:
        return Status(str(self.root), PROJECT).read(self.engine.client, NOON + timedelta(hours=1))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(usage, "APART", 0.0)
    return Server(tmp_path)


def test_the_run_that_brought_what_is_live(server: Server) -> None:
    server.entry("deployed", backup="20261124_105900")
    server.entry("refused", error="later, and not this")
    server.entry("deployed", release="another")
    found = server.read()
    assert found["release"]["digest"] and found["release"] | {"digest": ""} == {
        "digest": "",
        "since": "2026-11-24T11:01:00Z",
        "action": "deploy",
        "result": "deployed",
        "by": "alice@laptop",
        "commit": "abc",
        "backup": "20261124_105900",
        "to": "",
    }
    assert [one["result"] for one in found["runs"]] == ["deployed", "refused", "deployed"]


def test_a_command_that_is_no_deploy_brings_a_release_where_it_makes_another_one(server: Server) -> None:
    server.entry("deployed", release="another")
    server.entry("done", backup="20261124_105900")
    assert (server.read()["release"]["result"], server.read()["release"]["backup"]) == ("done", "20261124_105900")
    server.entry("done", backup="20261124_115900")
    assert server.read()["release"]["backup"] == "20261124_105900", "a restart is no other release"


def test_what_was_changed_by_hand_was_brought_by_no_run(server: Server) -> None:
    server.entry("deployed")
    (server.root / "docker-compose.yml").write_text("services: {other: {}}\n")
    assert server.read()["release"]["since"] == ""


def test_containers_that_are_missing_and_those_that_nobody_expects(server: Server) -> None:
    server.engine.running["web"]["RestartCount"] = 3
    found = server.read()["containers"]
    assert [(one["name"], one["app"], one["status"], one["restarts"]) for one in found] == [
        ("web", "shop", "running", 3),
        ("db", "shop", "running", 0),
        ("nginx", "proxy", "missing", 0),
        ("extra", "", "running", 0),
    ]


def test_what_cannot_be_read_hides_nothing(server: Server) -> None:
    found = server.read()
    assert found["databases"] == [{"name": "Books", "container": "db", "size": None}]
    (certificate,) = found["certificates"]
    assert certificate["days_left"] is None and "no.such.example.org" in certificate["error"]
    assert found["backups"] == {"count": 0, "newest": "", "age": None, "previous": "", "reason": found["backups"]["reason"]}
    assert "expected a good backup" in found["backups"]["reason"]


def test_where_a_rollback_would_go(server: Server) -> None:
    server.entry("deployed")
    first = sealed(server.root, server.engine).id
    (server.root / "docker-compose.yml").write_text("services: {other: {}}\n")
    server.entry("deployed", backup=first)
    assert server.read()["backups"] == {"count": 1, "newest": first, "age": 3600, "previous": first, "reason": ""}


def test_a_volume_is_as_large_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1_000_000)
    size = sizes.volume_size(str(tmp_path))
    assert size is not None and 1_000_000 <= size < 1_100_000


def test_counting_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(argv: list[str], seconds: float) -> tuple[int, str, str]:
        raise subprocess.TimeoutExpired(argv, seconds)

    monkeypatch.setattr(sizes, "execute", hang)
    assert sizes.volume_size("/anywhere") is None


def test_volumes_are_those_that_containers_have(server: Server) -> None:
    server.engine.running["db"]["Mounts"] = [
        {"Type": "volume", "Name": "shop_data", "Source": str(server.root)},
        {"Type": "bind", "Source": "/etc"},
    ]
    assert [one["name"] for one in server.read()["volumes"]] == ["shop_data"]
