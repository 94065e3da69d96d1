"""The module server_info as Ansible calls it: one answer on a server with an engine, and the same keys on a bare one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.modules import server_info
from machine import Machine
from memory_cli import DockerCommands


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.image(1)
    machine.deploy(1)
    commands = DockerCommands(machine.engine)
    monkeypatch.setattr(AnsibleModule, "run_command", lambda _module, argv, **_options: commands(argv))
    return machine


def info(machine: Machine, **options: Any) -> dict[str, Any]:
    """Call the module, which knows the project only for its volumes."""
    return machine.call(server_info, **options)


def test_what_there_is(machine: Machine) -> None:
    result = info(machine, ports=[443])
    assert [(one["name"], one["status"], one["project"], one["service"], one["asked_for"]) for one in result["containers"]] == [
        ("db", "running", "shop", "db", "postgres:15"),
        ("nginx", "running", "shop", "nginx", "nginx:1"),
        ("web", "running", "shop", "web", "web:1"),
    ]
    assert result["containers"][0]["aliases"] == {"net": ["db"]}
    assert {"nginx:1", "postgres:15", "web:1"} <= set(result["images"]) and result["images_lost"] == {}
    assert (result["deployed"], result["deployed_by_us"]) == (True, True)
    assert (result["engine"]["version"], result["engine"]["running"]) == ("26.1.5", 3)
    assert result["published"] == {"443": {"container": "nginx", "project": "shop"}}
    assert result["docker_library"]["error"] == "" and not result["changed"]


@pytest.mark.parametrize(
    ("release", "described"), [(None, False), ("{", False), ("{}", False), ('{"apps": [{"name": "web", "containers": ["web"]}]}', True)]
)
def test_whether_the_live_release_says_what_it_consists_of(machine: Machine, release: str | None, described: bool) -> None:
    """Of one that does not, as of one that somebody made by hand or damaged, the deploy says it where it seals."""
    assert info(machine)["described"] is True
    (machine.root / "release.json").unlink() if release is None else (machine.root / "release.json").write_text(release)
    assert info(machine)["described"] is described


def test_names_that_a_prune_took_are_told(machine: Machine) -> None:
    machine.engine.tags["kept:1"] = machine.engine.tags.pop("web:1")
    assert info(machine)["images_lost"] == {"web:1": "sha256:" + "1".zfill(64)}


def test_what_a_deploy_built_is_known_by_its_labels(machine: Machine) -> None:
    machine.engine.labels["sha256:" + "1".zfill(64)] = {"rarebooks.platform.project": "shop", "rarebooks.platform.source": "c25f"}
    built = {"id": "sha256:" + "1".zfill(64), "names": ["web:1"], "project": "shop", "source": "c25f", "size": 0}
    assert info(machine)["builds"] == [built]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_bare_server_has_the_same_keys(machine: Machine, tmp_path: Path, check_mode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_module: AnsibleModule, argv: list[str], handle_exceptions: bool = True, **_options: Any) -> tuple[int, str, str]:
        if not handle_exceptions:
            raise FileNotFoundError(argv[0])
        return 2, "", f"No such file or directory: {argv[0]}"

    full = info(machine)
    monkeypatch.setattr(AnsibleModule, "run_command", missing)
    bare = info(machine, path=str(tmp_path / "nothing"), ports=[443], _ansible_check_mode=check_mode)
    assert not bare.get("failed") and bare.keys() == full.keys() == {"changed", *yaml.safe_load(server_info.RETURN)}
    assert (bare["containers"], bare["images"], bare["networks"], bare["published"], bare["deployed"]) == ([], [], {}, {}, False)
    assert bare["engine"]["version"] == "" and json.dumps(bare)
