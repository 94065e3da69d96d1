"""A change of daemon.json with an engine that takes it, refuses it or dies of it: what is on disk, and what the engine is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import daemon_config
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.daemon_config import Change, Engine, EngineError

LIVE = {"live-restore": True}
OLD = {"shutdown-timeout": 20}
NEW = OLD | LIVE | {"log-driver": "json-file"}
DEADLY = OLD | LIVE | {"log-opts": {"nosuch": "1"}}


class Server:
    """systemd and an engine with a daemon.json. It dies of unknown log options, and stops its containers as the real one does."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "daemon.json"
        self.running, self.live_restore, self.containers = True, False, 3
        self.deadly = lambda options: "nosuch" in options.get("log-opts", {})
        self.refused = ""
        self.deaf = False
        self.asked: list[str] = []

    def config(self) -> dict[str, Any]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def __call__(self, argv: list[str], **options: Any) -> tuple[int, str, str]:
        assert argv[0] == "timeout" and options == {"handle_exceptions": False}
        command = " ".join(argv[2:])
        for words in ("reload docker.service", "restart docker.service", "--validate"):
            if words in command:
                self.asked.append(words.split()[0])
        answers: dict[str, Callable[[], tuple[int, str, str]]] = {
            "systemctl show": lambda: (0, "ExecStart={ argv[]=/usr/sbin/dockerd --dns 9.9.9.9 ; }", ""),
            "systemctl reload": self.reload,
            "systemctl restart": self.restart,
            "/usr/sbin/dockerd --dns 9.9.9.9 --validate": lambda: (int(bool(self.refused)), "", self.refused),
            "docker version": lambda: (0 if self.running else 1, "26.1.5", ""),
            "docker info": lambda: (0, str(self.live_restore).lower(), ""),
            "journalctl": lambda: (0, "starting up\nfailed to start daemon: unknown log opt 'nosuch'", ""),
        }
        return next((answer() for words, answer in answers.items() if command.startswith(words)), (0, "", ""))

    def reload(self) -> tuple[int, str, str]:
        if not self.deaf:
            self.live_restore = bool(self.config().get("live-restore"))
        return 0, "", ""

    def restart(self) -> tuple[int, str, str]:
        if self.running and not self.live_restore:
            self.containers = 0
        self.running = not self.deadly(self.config())
        self.live_restore = self.running and bool(self.config().get("live-restore"))
        if self.running and not self.live_restore:
            self.containers = 0  # An engine without live-restore stops what it finds running.
        return int(not self.running), "", ""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(daemon_config, "RELOAD_SECONDS", 0)
    return Server(tmp_path)


def make(server: Server, options: dict[str, Any]) -> None:
    change = Change(str(server.path), f"{server.path}.before-deploy", options)
    assert change.needed
    change.make(Engine(server, 60))


def files(server: Server) -> list[str]:
    return sorted(file.name for file in server.path.parent.iterdir())


def test_the_engine_runs_with_the_new_file_and_its_containers_run_on(server: Server) -> None:
    server.path.write_text(json.dumps(OLD))
    server.path.chmod(0o600)
    make(server, NEW)
    assert server.config() == NEW and server.running and server.containers == 3
    assert server.asked == ["--validate", "reload", "restart"]
    assert files(server) == ["daemon.json"] and server.path.stat().st_mode & 0o777 == 0o600


def test_what_a_running_engine_takes_restarts_nothing(server: Server) -> None:
    server.path.write_text(json.dumps(NEW))
    make(server, NEW | {"registry-mirrors": ["https://mirror.example.org"]})
    assert server.asked == ["--validate", "reload"]


def test_the_first_file(server: Server) -> None:
    server.path = server.path.parent / "docker" / "daemon.json"
    make(server, NEW)
    assert server.config() == NEW and server.path.stat().st_mode & 0o777 == 0o644


def test_an_engine_that_does_not_come_back_gets_the_old_file_byte_for_byte_and_keeps_its_containers(server: Server) -> None:
    old = '{"shutdown-timeout":20}\n\n'
    server.path.write_text(old)
    with pytest.raises(EngineError, match=r"does not start with it. The file of before is back, and the engine runs with it.\nfailed to"):
        make(server, DEADLY)
    assert server.path.read_text() == old and server.running and server.containers == 3 and not server.live_restore
    assert files(server) == ["daemon.json"]


def test_an_engine_that_does_not_come_back_had_no_file(server: Server) -> None:
    with pytest.raises(EngineError, match=r"The file of before is back"):
        make(server, DEADLY)
    assert files(server) == [] and server.running and server.containers == 3


def test_an_engine_that_does_not_start_with_the_old_file_either(server: Server) -> None:
    server.path.write_text(json.dumps(OLD))
    server.deadly = lambda _options: True
    with pytest.raises(EngineError, match=r"and not with the file of before either, which is back in"):
        make(server, NEW)
    assert server.config() == OLD and files(server) == ["daemon.json"]


def test_a_file_that_the_engines_program_refuses_changes_nothing(server: Server) -> None:
    server.path.write_text(json.dumps(OLD))
    server.refused = "unable to configure: specified both as a flag and in the configuration file: dns"
    with pytest.raises(EngineError, match=r"the engine refuses it: .* configuration file: dns. Nothing has been changed"):
        make(server, NEW)
    assert server.config() == OLD and files(server) == ["daemon.json"] and server.asked == ["--validate"]


def test_an_engine_that_does_not_take_live_restore_is_not_restarted(server: Server) -> None:
    server.path.write_text(json.dumps(OLD))
    server.deaf = True
    with pytest.raises(EngineError, match=r"did not take it over while it runs. The file is as it was, nothing was restarted"):
        make(server, NEW)
    assert server.config() == OLD and files(server) == ["daemon.json"] and "restart" not in server.asked


def test_a_stopped_engine_is_started(server: Server) -> None:
    server.running, server.containers = False, 0
    make(server, NEW)
    assert server.running and "reload" not in server.asked


@pytest.mark.parametrize("kept", [json.dumps(OLD), ""])
def test_a_change_that_was_cut_off_is_made_again_and_undone_to_what_the_engine_ran_with(server: Server, kept: str) -> None:
    server.path.write_text(json.dumps(DEADLY))
    (server.path.parent / "daemon.json.before-deploy").write_text(kept)
    with pytest.raises(EngineError, match=r"The file of before is back"):
        make(server, DEADLY)
    assert files(server) == (["daemon.json"] if kept else []) and server.config() == (OLD if kept else {})


def test_a_change_that_was_cut_off_is_proven_by_a_restart(server: Server) -> None:
    server.path.write_text(json.dumps(NEW))
    (server.path.parent / "daemon.json.before-deploy").write_text(json.dumps(NEW))
    make(server, NEW)
    assert "restart" in server.asked and files(server) == ["daemon.json"]


def test_nothing_to_do(server: Server) -> None:
    server.path.write_text(json.dumps(NEW, indent=8))
    assert not Change(str(server.path), f"{server.path}.before-deploy", NEW).needed


def test_the_difference_shows_nothing_else(server: Server) -> None:
    server.path.write_text(json.dumps(OLD | {"http-proxy": "http://user:password@proxy"}))
    diff = Change(str(server.path), f"{server.path}.before-deploy", NEW | {"http-proxy": "http://user:password@proxy"}).diff()
    assert json.loads(diff["before"]) == {} and json.loads(diff["after"]) == LIVE | {"log-driver": "json-file"}


@pytest.mark.parametrize("content", [b"{", b"[]", None, b""])
def test_a_file_that_does_not_parse_counts_as_empty(content: bytes | None) -> None:
    assert daemon_config.parse(content) == {}
