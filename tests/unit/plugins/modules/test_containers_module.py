"""The module containers over an engine in memory: each action, what it proves, refuses and leaves alone, and what check mode says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import docker.errors
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import carried
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import rebuild, standing, steps
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal, stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.modules import containers
from machine import Machine
from memory_programs import Answer

BY = "a test"


class Operated(Machine):
    """A server that runs the chat, whose web needs its database, beside a blog."""

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        found = super().files(number, *more)
        document = json.loads(found[0]["content"])
        document["networks"] = {"net": {"name": "net"}}
        for name, service in document["services"].items():
            service["networks"] = {"net": {"aliases": [f"{name}-alias"]} if name == "web" else None}
        document["services"]["web"]["depends_on"] = {"db": {"condition": "service_healthy"}}
        found[0]["content"] = json.dumps(document)
        return found

    def manage(self, action: str, app: str = "", container: str = "", check: bool = False, **options: Any) -> dict[str, Any]:
        run = Run() if check else self.run(f"manage {action}")
        common: dict[str, Any] = {"proxy_record": str(self.root / ".loaded.json"), "proxy_paths": [str(self.root / "nginx")]}
        common |= {"deadline": 1, "lease_directory": self.place.directory}
        asked = {"action": action, "app": app, "container": container, "run": run.to_dict(), "_ansible_check_mode": check}
        began = len(self.engine.events)
        result = self.call(containers, **{**common, **asked, "_ansible_diff": True, **options})
        self.done = [event for event in self.engine.events[began:] if event.split()[0] not in ("put", "ask")]
        return result

    def status(self, name: str) -> str:
        return str(self.engine.running[name]["State"]["Status"]) if name in self.engine.running else "none"

    @property
    def stopped(self) -> set[str]:
        return set(stopped.read(str(self.root), self.engine.running))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operated:
    machine = Operated(tmp_path, monkeypatch, capsys)
    machine.image(1)
    result = machine.deploy(1, "blog")
    assert not result.get("failed"), result["msg"]
    machine.engine.running["web"]["NetworkSettings"]["Networks"]["net"]["Aliases"].append("web-alias")
    return machine


def test_stop_and_start_in_the_order_in_which_they_depend(server: Operated) -> None:
    result = server.manage("stop", "chat")
    assert server.done == ["stop web", "stop db"] and result["stopped"] == ["db", "web"] and result["changed"]
    assert server.stopped == {"db", "web"} and server.status("blog") == "running"
    assert server.ledger[-1] == ("manage stop", "done")
    again = server.manage("stop", "chat")
    assert (again["changed"], server.done) == (False, [])
    started = server.manage("start", "chat")
    assert server.done == ["start db", "start web"] and started["started"] == ["db", "web"] and server.stopped == set()
    purposely = f"was stopped on purpose by {BY} on "
    assert all(reason.startswith(purposely) for reason in started["reasons"].values()) and len(started["reasons"]) == 2
    assert ledger.read(str(server.root))[0][-1]["reasons"] == started["reasons"] and started["release"]
    assert (server.manage("start", "chat")["changed"], server.done) == (False, [])


def test_one_that_is_started_while_it_is_being_stopped_is_stopped_on_purpose(server: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a crash loop. Started by hand later, it is so no longer."""
    times = iter(["2026-11-28T12:00:00Z", "2026-11-28T12:01:00Z"])
    monkeypatch.setattr(steps.ledger, "now", lambda: next(times, "2026-11-28T12:02:00Z"))
    server.engine.running["web"]["State"]["StartedAt"] = "2026-11-28T12:00:30.123456789Z"
    server.manage("stop", container="web")
    assert server.stopped == {"web"}
    server.engine.running["web"]["State"]["StartedAt"] = "2026-11-28T12:05:00.123456789Z"
    assert server.stopped == set()


@pytest.mark.parametrize("action", ["start", "stop", "restart", "recreate"])
def test_check_mode_says_what_is_done_and_touches_nothing(server: Operated, action: str) -> None:
    if action == "start":
        server.manage("stop", "chat")
    tree, events = server.tree, server.engine.events.copy()
    foretold = server.manage(action, "chat", check=True)
    assert (server.tree, server.engine.events) == (tree, events)
    done = server.manage(action, "chat")
    for key in ("changed", "started", "stopped", "replaced", "attached", "notes"):
        assert foretold[key] == done[key], key
    assert foretold["changed"] and foretold.keys() == done.keys() and len(done["diff"]) == (0 if action == "restart" else 2)


def test_a_restart_touches_no_other_container(server: Operated) -> None:
    blog, nginx = (server.engine.running[name]["State"]["StartedAt"] for name in ("blog", "nginx"))
    assert server.manage("restart", "chat")["started"] == ["db", "web"]
    assert server.done == ["stop web", "stop db", "start db", "start web"]
    assert (blog, nginx) == tuple(server.engine.running[name]["State"]["StartedAt"] for name in ("blog", "nginx"))


def test_one_container_alone(server: Operated) -> None:
    assert server.manage("restart", container="web")["started"] == ["web"] and server.done == ["stop web", "start web"]
    server.manage("stop", container="web")
    assert server.status("db") == "running" and server.stopped == {"web"}


def test_recreate_makes_containers_anew_and_no_others(server: Operated) -> None:
    before = {name: one["Id"] for name, one in server.engine.running.items()}
    assert server.manage("recreate", "chat", backup="b")["replaced"] == ["db", "web"]
    after = {name: one["Id"] for name, one in server.engine.running.items()}
    assert {name for name in before if before[name] != after[name]} == {"db", "web"}
    assert ledger.read(str(server.root))[0][-1]["backup"] == "b"
    assert server.deploy(1, "blog")["changed"] is False


def test_an_image_that_no_deploy_saw_is_not_brought_into_force(server: Operated) -> None:
    """Such as that of a database after somebody has pulled its name."""
    server.engine.has_image("postgres:15", "sha256:pulled")
    for check in (True, False):
        refused = server.manage("recreate", "chat", check=check)
        assert refused["result"] == "refused" and server.done == []
        assert "db: expected postgres:15 to be the image that it runs (postgres:15), got another one (pulled)" in refused["msg"]
    assert server.manage("recreate", container="web")["replaced"] == ["web"]
    assert server.manage("restart", container="db")["started"] == ["db"] and server.engine.running["db"]["Image"] == "sha256:postgres:15"


@pytest.mark.parametrize(("status", "how"), [("paused", "unpause"), ("restarting", "restart")])
def test_one_that_has_not_ended_and_does_not_run_is_started(server: Operated, status: str, how: str) -> None:
    server.engine.running["web"]["State"]["Status"] = status
    result = server.manage("start", "chat")
    assert (result["changed"], result["started"], server.done) == (True, ["web"], [f"{how} web"]) and server.status("web") == "running"


def test_a_proxy_that_crashes_is_not_asked_whether_it_starts_again(server: Operated) -> None:
    server.engine.running["nginx"]["State"]["Status"] = "restarting"
    assert server.manage("restart", container="nginx")["started"] == ["nginx"] and server.status("nginx") == "running"


def test_what_does_not_serve_is_said_with_its_cause(server: Operated) -> None:
    server.manage("stop", "chat")
    server.engine.turns_out[server.engine.running["web"]["Image"]] = "exited"
    result = server.manage("start", "chat")
    assert result["failed"] and result["result"] == "failed" and "Container web" in result["msg"]
    assert "stays as it is now" in result["msg"] and server.ledger[-1] == ("manage start", "failed")
    assert ledger.read(str(server.root))[0][-1]["error"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"app": "shop"}, "App shop: expected one of chat, blog"),
        ({"container": "postgres"}, "Container postgres: expected one of blog, db, nginx, web"),
        ({}, "Expected app or container, got neither. Apps: chat, blog. Containers: blog, db, nginx, web."),
        ({"app": "chat", "container": "web"}, "Expected app or container, got both."),
        ({"action": "stop", "container": "nginx"}, "expected manage_confirm=nginx to stop it, got none"),
        ({"action": "rebuild", "app": "chat"}, "expected an image that is built on the server, got postgres:15 and web:1, made elsewhere"),
    ],
)
def test_what_is_refused(server: Operated, options: dict[str, Any], said: str) -> None:
    action = options.pop("action", "restart")
    result = server.manage(action, **options)
    assert result["failed"] and result["result"] == "refused" and said in result["msg"] and "Nothing has" in result["msg"]
    assert server.done == []


def test_the_proxy_is_stopped_by_its_name_and_restarted_only_where_it_starts_again(server: Operated) -> None:
    assert server.manage("restart", container="nginx")["started"] == ["nginx"]
    server.engine.programs.append(lambda call: Answer(b"", b"no such directive", 1) if "-t" in call else None)
    refused = server.manage("restart", container="nginx")
    assert refused["result"] == "refused" and "no such directive" in refused["msg"] and server.done == []
    assert server.manage("stop", container="nginx", confirm="nginx")["stopped"] == ["nginx"]


def test_a_container_that_lost_its_network_is_attached_and_not_restarted(server: Operated) -> None:
    server.engine.running["web"]["NetworkSettings"]["Networks"] = {}
    result = server.manage("start", "chat")
    assert result["attached"] == ["web had lost its network net"] and result["changed"]
    assert server.done == ["connect web net"]
    assert server.engine.running["web"]["NetworkSettings"]["Networks"]["net"]["Aliases"] == ["web", "web-alias"]
    assert server.deploy(1, "blog")["changed"] is False


def test_an_edit_waits_for_a_deploy(server: Operated) -> None:
    path = server.root / "docker-compose.yml"
    path.write_text(path.read_text().replace("web:1", "web:9"))
    result = server.manage("restart", "chat")
    assert not result.get("failed") and server.images["web"] == "web:1"
    assert any(note.startswith("Not in force: docker-compose.yml (edited by hand).") for note in result["notes"])
    refused = server.manage("recreate", "chat")
    assert refused["result"] == "refused" and "docker-compose.yml (edited by hand)" in refused["msg"] and server.images["web"] == "web:1"


def test_a_container_that_was_removed_is_made_again_unless_an_edit_waits(server: Operated) -> None:
    path, text = server.root / "docker-compose.yml", (server.root / "docker-compose.yml").read_text()
    server.engine.running.pop("web")
    path.write_text(text.replace("web:1", "web:9"))
    assert server.manage("start", "chat")["result"] == "refused" and server.status("web") == "none"
    path.write_text(text)
    result = server.manage("start", "chat")
    assert result["reasons"] == {"web": "was removed by hand"} and server.images["web"] == "web:1"
    assert server.deploy(1, "blog")["changed"] is False


def test_a_carried_container_is_started_and_not_made_anew(server: Operated) -> None:
    carried.carry(str(server.root), {"web": (server.engine.running["web"]["Id"], "of its own file")})
    before = server.engine.running["web"]["Id"]
    assert server.manage("recreate", container="web")["result"] == "refused"
    assert server.manage("restart", container="web")["started"] == ["web"] and server.engine.running["web"]["Id"] == before


@pytest.mark.parametrize("check", [False, True])
def test_what_a_stop_does_to_a_proxy_that_was_made_by_hand_is_told(server: Operated, check: bool) -> None:
    assert server.manage("stop", container="db", check=True)["notes"] == []
    carried.carry(str(server.root), {"nginx": (server.engine.running["nginx"]["Id"], "of its own file")})
    (note,) = server.manage("stop", container="web", check=check)["notes"]
    assert note.startswith("nginx still runs with the configuration that was made by hand. Where that names web, no site comes back ")


def test_nothing_is_done_beside_a_switch_that_was_cut_off(server: Operated) -> None:
    journal.write(str(server.root), journal.Journal(Run("x").to_dict(), ""))
    result = server.manage("restart", "chat")
    assert result["result"] == "refused" and "a switch that was cut off" in result["msg"] and server.done == []


def test_a_server_without_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Operated(tmp_path, monkeypatch, capsys)
    assert "expected a release that says what it consists of, got none" in machine.manage("restart", "chat", check=True)["msg"]


def test_a_deploy_starts_what_was_stopped_on_purpose_and_says_so(server: Operated) -> None:
    server.manage("stop", "chat")
    result = server.deploy(1, "blog")
    assert result["reasons"]["web"].startswith(f"was stopped on purpose by {BY} on ") and server.stopped == set()


@pytest.fixture
def built(server: Operated, tmp_path: Path) -> Operated:
    """Return a server on which the image of the web was built."""
    (tmp_path / "source").mkdir()
    wanted = server.files(1, "blog")
    document = json.loads(wanted[0]["content"])
    document["services"]["web"]["build"] = {"context": str(tmp_path / "source")}
    wanted[0]["content"] = json.dumps(document)
    assert not server.deploy(1, "blog", files=wanted).get("failed")
    return server


def building(server: Operated, monkeypatch: pytest.MonkeyPatch, turns_out: str) -> None:
    """Have each build bring an image that turns out so."""

    def build(_run: Any, _project: str, one: Any) -> None:
        server.engine.has_image(one.image, "sha256:anew")
        server.engine.turns_out["sha256:anew"] = turns_out

    monkeypatch.setattr(rebuild, "build_anew", build)


def test_a_rebuilt_image_takes_the_place_of_the_one_before(built: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    building(built, monkeypatch, "healthy")
    db = built.engine.running["db"]["Id"]
    assert built.manage("rebuild", "chat", check=True)["replaced"] == built.manage("rebuild", "chat")["replaced"] == ["web"]
    assert built.engine.running["web"]["Image"] == "sha256:anew" and built.engine.running["db"]["Id"] == db
    assert built.ledger[-1] == ("manage rebuild", "done")


def test_one_that_does_not_serve_gives_way_to_it_again(built: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built.engine.running["web"]["Image"]
    building(built, monkeypatch, "exited")
    result = built.manage("rebuild", "chat")
    assert result["result"] == "restored" and "Container web" in result["msg"] and "The image of before is back" in result["msg"]
    assert built.engine.running["web"]["Image"] == built.engine.tags["web:1"] == before and built.status("web") == "running"
    assert built.ledger[-1] == ("manage rebuild", "restored")


def test_an_engine_that_fails_meanwhile_leaves_the_image_of_before(built: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built.engine.tags["web:1"]
    built.manage("stop", "chat")
    building(built, monkeypatch, "healthy")
    monkeypatch.setattr(type(built.engine.containers.get("db")), "start", broken)
    result = built.manage("rebuild", "chat")
    assert result["failed"] and "is broken" in result["msg"] and built.engine.tags["web:1"] == before


def broken(_container: Any) -> None:
    raise docker.errors.APIError("the engine is broken")


def test_an_edit_that_is_not_in_force_is_not_recorded_as_proven(server: Operated) -> None:
    """Or the next deploy would seal it as good, for a rollback to choose."""
    path = server.root / "docker-compose.yml"
    path.write_text(path.read_text() + "\n# broken by hand\n")
    assert not server.manage("restart", "chat").get("failed")
    assert server.ledger[-1] == ("manage restart", "done") and ledger.read(str(server.root))[0][-1]["release"] == ""


def test_an_end_that_cannot_be_read_is_no_refusal(server: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is recorded is what happened: something was changed."""
    monkeypatch.setattr(standing.live, "read", lambda *_arguments: 1 / 0)
    assert server.manage("restart", "chat")["result"] == "failed" and server.ledger[-1] == ("manage restart", "failed")


def test_a_build_that_fails_touches_nothing_that_runs(built: Operated) -> None:
    before = built.engine.running["web"]["Id"]
    built.compose.answers["docker build"] = (1, "", "ERROR: no such package\n")
    result = built.manage("rebuild", "chat")
    assert result["failed"] and "  | ERROR: no such package" in result["msg"] and built.engine.running["web"]["Id"] == before


def test_a_source_that_was_edited_is_not_built(built: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild.on_server, "look", lambda paths: {path: {"digest": "other"} for path in paths})
    stated = json.loads((built.root / "release.json").read_text())
    wanted = built.files(1, "blog")
    stated["sources"] = {"chat": "wanted"}
    document = json.loads(wanted[0]["content"])
    document["services"]["web"]["build"] = {"context": "/source"}
    wanted[0]["content"], wanted[1]["content"] = json.dumps(document), json.dumps(stated)
    assert not built.deploy(1, "blog", files=wanted).get("failed")
    result = built.manage("rebuild", "chat")
    assert result["result"] == "refused" and "it was edited on the server" in result["msg"] and built.done == []
