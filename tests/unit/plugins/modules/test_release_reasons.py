"""Why a release starts, replaces or writes what it does: the same in check mode, in the result and in the ledger, and no value in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release import stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._release.stopped import Stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.reasons import of_way_back
from machine import Machine
from memory_engine import CONFIG_LABEL, PROJECT

SECRET = "hunter2-and-more"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.image(1)
    assert machine.deploy(1)["reasons"] == dict.fromkeys(("db", "nginx", "web"), "new")
    machine.image(2)
    return machine


def files(machine: Machine, number: int = 1, **of_web: Any) -> list[dict[str, str]]:
    """Return the files of a release whose web says something more."""
    found = machine.files(number)
    document = json.loads(found[0]["content"])
    document["services"]["web"] |= of_web
    found[0]["content"] = json.dumps(document)
    return found


def up(machine: Machine) -> None:
    """Do what a person does who types `docker compose up`."""
    machine.compose(["docker", "compose", "--file", f"{machine.root}/docker-compose.yml", "--project-name", PROJECT, "up", "--detach"])


def edit(machine: Machine, **of_web: Any) -> None:
    """Write into the live Compose file, as an editor does."""
    (machine.root / "docker-compose.yml").write_text(files(machine, **of_web)[0]["content"])


def stop(machine: Machine, code: int = 0, **state: Any) -> None:
    machine.engine.containers.get("web").stop()
    machine.engine.running["web"]["State"] |= {"ExitCode": code, **state}


def stop_on_purpose(machine: Machine) -> None:
    stop(machine)
    noted = Stopped("alice@laptop", "2026-11-26T10:00:00Z", machine.engine.running["web"]["Id"])
    stopped.note(str(machine.root), {"web": noted})


def move_the_name(machine: Machine) -> None:
    machine.engine.tags |= {"before:1": machine.engine.tags["web:1"], "web:1": "sha256:another"}


def lose_the_network(machine: Machine) -> None:
    machine.engine.running["web"]["NetworkSettings"]["Networks"] = {}
    machine.engine.running["web"]["HostConfig"]["NetworkMode"] = "net"


def edited_and_started(machine: Machine) -> None:
    edit(machine, environment={"KEY": SECRET})
    up(machine)


def started_otherwise(machine: Machine) -> None:
    """The edit was taken back in the file, and the container still has it."""
    edited_and_started(machine)
    (machine.root / "docker-compose.yml").write_text(files(machine)[0]["content"])


def made_otherwise(machine: Machine) -> None:
    machine.engine.running["web"]["Config"]["Labels"][CONFIG_LABEL] = "of another version of Compose"


HAPPENED: dict[str, tuple[Callable[[Machine], Any], str]] = {
    "stopped": (stop, "was stopped"),
    "killed": (lambda machine: stop(machine, 137), "was stopped"),
    "died": (lambda machine: stop(machine, 3), "had ended with exit code 3"),
    "no memory": (lambda machine: stop(machine, 137, OOMKilled=True), "had run out of memory"),
    "on purpose": (stop_on_purpose, "was stopped on purpose by alice@laptop on 2026-11-26T10:00:00Z"),
    "paused": (lambda machine: machine.engine.containers.get("web").pause(), "was paused"),
    "removed": (lambda machine: machine.engine.running.pop("web"), "was removed by hand"),
    "another image": (move_the_name, "image differs"),
    "edited": (edited_and_started, "edited by hand: environment KEY"),
    "edited and taken back": (started_otherwise, "edited by hand: environment KEY"),
    "another label": (made_otherwise, "its definition differs"),
}


@pytest.mark.parametrize("what", HAPPENED)
def test_why_a_container_of_the_same_release_is_started(served: Machine, what: str) -> None:
    happen, reason = HAPPENED[what]
    happen(served)
    foretold, done = served.deploy(1, check=True), served.deploy(1)
    assert foretold["reasons"] == done["reasons"] == {"web": reason}
    assert ledger.read(str(served.root))[0][-1]["reasons"] == {"web": reason}
    assert SECRET not in json.dumps([foretold["reasons"], done["reasons"], (served.root / "ledger.jsonl").read_text()])
    again = served.deploy(1)
    assert (again["changed"], again["reasons"], again["file_reasons"]) == (False, {}, {})
    assert not (served.root / stopped.FILE).exists()


def test_a_container_that_lost_its_network(served: Machine) -> None:
    document = {"networks": {"net": {"name": "net"}}, **json.loads((served.root / "docker-compose.yml").read_text())}
    document["services"]["web"]["networks"] = {"net": None}
    wanted = served.files(1)
    wanted[0]["content"] = json.dumps(document)
    served.deploy(1, files=wanted)
    lose_the_network(served)
    assert served.deploy(1, check=True, files=wanted)["reasons"] == {"web": "lost its network net"}


RELEASED: dict[str, tuple[int, dict[str, Any], str]] = {
    "image": (2, {}, "image differs"),
    "environment": (1, {"environment": {"B": SECRET, "A": SECRET}}, "its definition differs: environment A, B"),
    "both": (2, {"environment": {"A": "1"}, "labels": {"a": "b"}}, "image differs, its definition differs: environment A, labels"),
}


@pytest.mark.parametrize("what", RELEASED)
def test_why_the_next_release_replaces_a_container(served: Machine, what: str) -> None:
    number, more, reason = RELEASED[what]
    wanted = files(served, number, **more)
    foretold, done = served.deploy(number, check=True, files=wanted), served.deploy(number, files=wanted)
    assert foretold["reasons"] == done["reasons"] == {"web": reason}
    assert foretold["file_reasons"] == done["file_reasons"]
    assert set(done["file_reasons"].values()) == {"the release differs"}


def test_a_release_that_was_stopped_and_differs_has_both_reasons(served: Machine) -> None:
    stop(served)
    assert served.deploy(2)["reasons"] == {"web": "was stopped, image differs"}


def test_why_the_way_back_starts_a_container(served: Machine) -> None:
    before = dict(served.engine.running)
    same, ended = before["web"], {**before["web"], "State": {"Status": "exited", "ExitCode": 137}}
    other = {**before["web"], "Id": "another", "Config": {**before["web"]["Config"], "Env": ["A=2"]}}
    assert of_way_back(before, before) == {}
    assert of_way_back({}, {"web": same}) == {"web": "was removed by the failed release"}
    again = {**same, "State": {**same["State"], "StartedAt": "later"}}
    assert of_way_back({"web": ended | {"State": {**ended["State"], "StartedAt": "x"}}}, {"web": again}) == {"web": "was stopped"}
    assert of_way_back({"web": other}, {"web": same}) == {"web": "environment A of the failed release"}
    assert of_way_back({"web": {**same, "Id": "another"}}, {"web": same}) == {"web": "definition of the failed release"}


def test_what_was_edited_is_shown_before_it_is_overwritten(served: Machine) -> None:
    (served.root / "nginx/site.conf").write_text("# mine\n")
    (served.root / "release.json").chmod(0o666)
    foretold, done = served.deploy(1, check=True, _ansible_diff=False), served.deploy(1)
    for result in (foretold, done):
        assert result["file_reasons"] == {
            "nginx/site.conf": "edited by hand",
            "release.json": "mode changed by hand from 0644 to 0666",
        }
        assert "\n-# mine\n+# 1\n" in result["overwritten"]
    assert served.deploy(1)["overwritten"] == ""


def test_no_secret_is_in_what_is_shown(served: Machine) -> None:
    secrets = served.root / ".secrets.json"
    secrets.write_text(json.dumps({"key": SECRET}))
    extra = {"path": "env/web.env", "content": "PLAIN=1\nKEY=@secret(key)@\n"}
    options: dict[str, Any] = {"files": [*served.files(1), extra], "secrets_file": str(secrets)}
    assert served.deploy(1, **options)["file_reasons"] == {"env/web.env": "new"}
    (served.root / "env/web.env").write_text(f"PLAIN=2\nKEY={SECRET}x\nMORE=an-unknown-password\n")
    result = served.deploy(1, check=True, **options)
    assert result["file_reasons"] == {"env/web.env": "edited by hand: MORE, PLAIN"}
    assert SECRET not in json.dumps(result) and "an-unknown-password" not in json.dumps(result)


def test_a_file_that_was_removed_or_is_not_wanted_any_more(served: Machine) -> None:
    (served.root / "nginx/site.conf").unlink()
    wanted = [*served.files(1), {"path": "nginx/more.conf", "content": "\n"}]
    assert served.deploy(1, files=wanted)["file_reasons"] == {"nginx/more.conf": "new", "nginx/site.conf": "removed by hand"}
    assert served.deploy(1)["file_reasons"] == {"nginx/more.conf": "not in the release"}
