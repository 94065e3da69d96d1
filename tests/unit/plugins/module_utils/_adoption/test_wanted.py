"""The release of an inventory, read by Compose from its files before any of them is live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import wanted
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import ComposeError
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import File

SERVICES = {
    "web": {
        "container_name": "shop_web",
        "volumes": [
            {"type": "volume", "source": "data", "target": "/data"},
            {"type": "bind", "source": "{tree}/files/x", "target": "/x"},
            {"type": "tmpfs", "target": "/run"},
        ],
        "environment": {"KEY": "@secret(key)@", "NEW": "@secret(new)@", "EMPTY": None, "PRICE": "5$$"},
    },
    "db": {"image": "postgres:15"},
    "built": {"image": wanted.UNBUILT},
}


def read(tmp_path: Path, bare: bool = False, **answers: tuple[int, str, str]) -> wanted.Release:
    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        if "version" in argv:
            return answers.get("version", (0, "v2", ""))
        tree = argv[argv.index("--project-directory") + 1]
        assert (Path(tree) / "docker-compose.yml").read_text() == "text"
        document = {"services": SERVICES, "volumes": {"data": {"name": "shop_data"}}}
        return answers.get("config", (0, json.dumps(document).replace("{tree}", tree), ""))

    files = [File("docker-compose.yml", "text", b"text", False)]
    return wanted.read(run, files, "/opt/shop", "shop", ["proxy"], lambda: str(tmp_path), bare)


def test_it_is_read_as_it_will_be_live(tmp_path: Path) -> None:
    release = read(tmp_path).with_secrets({"key": "value"})
    assert sorted(release.containers) == ["shop-built-1", "shop-db-1", "shop_web"]
    assert release.mounts("shop_web") == {"/data": "shop_data", "/x": "/opt/shop/files/x", "/run": ""}
    images = {name: release.image(name) for name in release.containers}
    assert images == {"shop_web": "shop-web", "shop-db-1": "postgres:15", "shop-built-1": ""}
    environment = release.environment("shop_web")
    assert environment.pop("NEW") not in ("", "@secret(new)@")  # Like no value of today.
    assert environment == {"KEY": "value", "EMPTY": "", "PRICE": "5$"}
    assert list(tmp_path.iterdir()) == []


def test_where_containers_run_and_nothing_reads_compose_files_it_is_said_what_to_install(tmp_path: Path) -> None:
    missing = (1, "", "unknown flag: --project-directory")
    with pytest.raises(wanted.NoCompose, match="apt-get install docker-compose-v2"):
        read(tmp_path, config=missing, version=missing)
    assert not read(tmp_path, bare=True, config=missing, version=missing).containers


def test_what_compose_refuses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ComposeError, match="no such service"):
        read(tmp_path, config=(1, "", "no such service"))
