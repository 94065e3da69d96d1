"""What a release would start, replace and remove, while its files are not live yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import preview
from machine import Machine

LIVE: dict[str, dict[str, Any]] = {
    "web": {"image": "web:1", "container_name": "web", "volumes": [{"source": "{root}/web"}], "depends_on": {}},
    "worker": {"image": "web:1"},
}


class Server:
    """A server whose Compose says what is written of a directory."""

    root = "/opt/stack"
    project = "shop"

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        self.documents = documents

    def run_command(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        directory = argv[argv.index("--project-directory") + 1]
        if directory not in self.documents:
            return 1, "", "no such file"
        return 0, json.dumps({"services": self.documents[directory]}).replace("{root}", directory), ""


class Target:
    containers = ("web", "worker")


def found(wanted: dict[str, Any], live: bool = True) -> list[str]:
    server = Server({"/tmp/staged": wanted, **({"/opt/stack": LIVE} if live else {})})
    look = preview.Differing(server, Target())  # type: ignore[arg-type]
    look("/tmp/staged")
    return list(look.containers)


def changed(**of_web: Any) -> dict[str, Any]:
    return {**LIVE, "web": {**LIVE["web"], **of_web}}


@pytest.mark.parametrize(
    ("wanted", "containers"),
    [
        (LIVE, []),  # though each tree mounts its own directory
        (changed(depends_on={"worker": {}}, build={"context": "."}), []),
        (changed(image="web:2"), ["web"]),
        (changed(environment={"A": "b"}), ["web"]),
        (changed(volumes=[{"source": "{root}/other"}]), ["web"]),
        ({**LIVE, "worker": {"image": "web:2"}}, ["shop-worker-1"]),
        ({**LIVE, "blog": {"image": "web:1", "container_name": "blog"}}, ["blog"]),
        ({"web": LIVE["web"]}, []),
    ],
)
def test_a_container_differs_by_its_definition(wanted: dict[str, Any], containers: list[str]) -> None:
    assert found(wanted) == containers


def test_where_the_live_files_say_nothing_all_of_them_may_be_replaced() -> None:
    assert found(LIVE, live=False) == ["web", "worker"]


def test_what_is_foretold_is_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.image(1)
    machine.deploy(1, "blog")
    machine.image(2)
    step: Callable[..., dict[str, Any]] = machine.deploy
    foretold, done = step(2, check=True), step(2)
    for key in ("started", "containers_removed"):
        assert foretold[key] == done[key] == [{"started": "web", "containers_removed": "blog"}[key]]
