"""Every container of a server, and whether the tree is ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._server import containers
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan

SHOP = {
    "id": "6d5bb981d2070000",
    "name": "/rarebooks_backend",
    "image": "sha256:ef",
    "asked_for": "rarebooks_backend",
    "status": "running",
    "labels": {
        "com.docker.compose.project": "rarebooksdokploy",
        "com.docker.compose.service": "backend",
        "com.docker.compose.project.working_dir": "/root/RareBooksDokploy",
    },
    "networks": {"rarebooks_network": {"Aliases": ["rarebooks_backend", "backend"], "DNSNames": ["backend", "6d5bb981d207"]}},
}
BY_HAND = {
    "id": "aa",
    "name": "/blog",
    "status": "exited",
    "labels": None,
    "networks": {"bridge": {"Aliases": None}},
    "image": "sha256:05",
    "asked_for": "sha256:05",
}


def answers(*found: dict[str, Any]) -> Any:
    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        if argv[1] == "ps":
            return 0, "".join(f"{one['id']}\n" for one in found), ""
        assert argv[-len(found) :] == [one["id"] for one in found]
        return 0, "".join(json.dumps(one) + "\n" for one in found), ""

    return run


def test_containers_with_projects_and_names_on_networks() -> None:
    assert containers.read(answers(SHOP, BY_HAND)) == [
        {
            "name": "blog",
            "status": "exited",
            "project": "",
            "service": "",
            "directory": "",
            "aliases": {"bridge": []},
            "image": "sha256:05",
            "asked_for": "sha256:05",
        },
        {
            "name": "rarebooks_backend",
            "status": "running",
            "project": "rarebooksdokploy",
            "service": "backend",
            "directory": "/root/RareBooksDokploy",
            "aliases": {"rarebooks_network": ["backend", "rarebooks_backend"]},
            "image": "sha256:ef",
            "asked_for": "rarebooks_backend",
        },
    ]


def missing(*_arguments: Any, **_options: Any) -> tuple[int, str, str]:
    raise FileNotFoundError("docker")


@pytest.mark.parametrize("run", [answers(), missing, lambda *_arguments, **_options: (1, "", "no engine")])
def test_a_server_without_containers(run: Any) -> None:
    assert containers.read(run) == []


@pytest.mark.parametrize(
    ("listed", "ours"),
    [
        (None, False),
        ("{}", False),
        # As after going back to a tree that was made by hand.
        ('{"other.txt": {"sha256": "' + "0" * 64 + '", "mode": "0644"}}', False),
        ('{"docker-compose.yml": {"sha256": "' + "0" * 64 + '", "mode": "0644"}}', True),
        # What it said is lost, that there was one is not.
        ("{half", True),
    ],
)
def test_whose_tree_it_is(listed: str | None, ours: bool, tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    if listed is not None:
        (tmp_path / plan.MANIFEST).write_text(listed)
    assert containers.owns_tree(str(tmp_path)) is ours


def test_no_tree_is_not_ours(tmp_path: Path) -> None:
    assert not containers.owns_tree(str(tmp_path / "nowhere"))
