"""When nginx is reloaded, when not, and what is told when it will not. The container is a fake, the files are real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import proxy as engine_proxy
from ansible_collections.rarebooks.platform.plugins.modules import proxy_reload

TEST, RELOAD = ["nginx", "-t", "-q"], ["nginx", "-s", "reload"]


class Proxy:
    """A server with nginx in a container: its configuration, its record, its workers, and the module."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._capsys = root, capsys
        self.conf, self.live, self.record = root / "nginx", root / "live", root / "loaded.json"
        (self.conf / "sites").mkdir(parents=True)
        (self.conf / "sites/shop.conf").write_text("server {}\n")
        (root / "archive.pem").write_text("first certificate\n")
        (root / "sets/1").mkdir(parents=True)
        (root / "sets/1/chain.pem").write_text("first chain\n")
        self.live.mkdir()
        (self.live / "fullchain.pem").symlink_to(root / "archive.pem")
        (self.live / "shop").symlink_to(root / "sets/1")
        self.status, self.workers, self.ran = "running", {"100"}, list[list[str]]()
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.takes_over = self.recovers = True
        monkeypatch.setattr(docker, "from_env", lambda **_options: SimpleNamespace(containers=SimpleNamespace(get=self.get)))
        self.lingering, self.before = False, set[str]()
        monkeypatch.setattr(engine_proxy, "children", self.children)
        monkeypatch.setattr(engine_proxy, "accepts", lambda pid: self.lingering)

    def children(self, _pid: int) -> set[str]:
        if self.status != "running":
            return set()
        return self.workers | (self.before if self.lingering else set())

    def get(self, name: str) -> Any:
        if self.status == "missing":
            raise docker.errors.NotFound(f"No such container: {name}")
        return SimpleNamespace(name=name, status=self.status, attrs={"State": {"Pid": 1}}, exec_run=self.exec_run, restart=self.restart)

    def restart(self) -> None:
        self.ran.append(["restart"])
        if self.recovers:
            self.status = "running"

    def exec_run(self, argv: list[str]) -> tuple[int, bytes]:
        self.ran.append(argv)
        if argv == RELOAD and self.takes_over:
            self.before = self.workers
            self.workers = {str(int(worker) + 1) for worker in self.workers}
        return self.answers.get(argv[1], (0, b""))

    def run(self, **options: Any) -> dict[str, Any]:
        self.ran.clear()
        common = {"container": "nginx_container", "paths": [str(self.conf), str(self.live)], "record": str(self.record)}
        with patch_module_args({**common, **options}), pytest.raises(SystemExit):
            proxy_reload.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return result


@pytest.fixture
def proxy(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Proxy:
    return Proxy(tmp_path, capsys, monkeypatch)


def edit(proxy: Proxy) -> None:
    (proxy.conf / "sites/shop.conf").write_text("server { }\n")


def add(proxy: Proxy) -> None:
    (proxy.conf / "sites/chat.conf").write_text("server {}\n")


def remove(proxy: Proxy) -> None:
    (proxy.conf / "sites/shop.conf").unlink()


def rename(proxy: Proxy) -> None:
    (proxy.conf / "sites/shop.conf").rename(proxy.conf / "sites/books.conf")


def renew(proxy: Proxy) -> None:
    (proxy.root / "archive.pem").write_text("second certificate\n")


def renew_behind_a_linked_directory(proxy: Proxy) -> None:
    (proxy.root / "sets/1/chain.pem").write_text("second chain\n")


def forget(proxy: Proxy) -> None:
    proxy.record.unlink()


def test_first_it_is_reloaded_then_left_alone(proxy: Proxy) -> None:
    first = proxy.run()
    assert first["changed"] and proxy.ran == [TEST, RELOAD]
    assert json.loads(proxy.record.read_text()) == {"digest": first["digest"]}
    assert proxy.record.stat().st_mode & 0o777 == 0o600
    again = proxy.run()
    assert not again["changed"] and proxy.ran == [] and again["digest"] == first["digest"]


@pytest.mark.parametrize("change", [edit, add, remove, rename, renew, renew_behind_a_linked_directory, forget])
def test_what_differs_from_what_was_read_is_read(proxy: Proxy, change: Callable[[Proxy], None]) -> None:
    proxy.run()
    change(proxy)
    assert proxy.run(_ansible_check_mode=True)["changed"] and proxy.ran == []
    assert proxy.run()["changed"] and proxy.ran == [TEST, RELOAD]
    assert not proxy.run()["changed"]


def test_the_same_content_written_again_is_no_change(proxy: Proxy) -> None:
    proxy.run()
    (proxy.conf / "sites/shop.conf").write_text("server {}\n")
    assert not proxy.run()["changed"]


def test_force(proxy: Proxy) -> None:
    proxy.run()
    assert proxy.run(force=True)["changed"] and proxy.ran == [TEST, RELOAD]


def test_a_refused_configuration_is_not_loaded_and_not_remembered(proxy: Proxy) -> None:
    proxy.run()
    edit(proxy)
    remembered = proxy.record.read_bytes()
    proxy.answers["-t"] = (1, b"nginx: [emerg] unknown directive\n")
    result = proxy.run()
    assert result["failed"] and proxy.ran == [TEST]
    assert "nginx in nginx_container refuses its configuration; it keeps serving" in result["msg"]
    assert "[emerg] unknown directive" in result["msg"]
    assert proxy.record.read_bytes() == remembered
    proxy.answers.clear()
    assert proxy.run()["changed"] and proxy.ran == [TEST, RELOAD]


def test_a_reload_without_new_workers_failed(proxy: Proxy) -> None:
    proxy.takes_over = False
    result = proxy.run(timeout=0)
    assert result["failed"] and "expected new workers in place of the old ones within 0 s of the reload" in result["msg"]
    assert not proxy.record.exists()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("exited", "Container nginx_container: expected it running, got exited."),
        ("missing", "Container nginx_container: Docker answers: No such container: nginx_container."),
    ],
)
def test_no_running_container(proxy: Proxy, status: str, message: str) -> None:
    proxy.status = status
    result = proxy.run()
    assert result["failed"] and message in result["msg"] and not proxy.record.exists()


def test_nginx_in_a_crash_loop_is_started_at_once(proxy: Proxy) -> None:
    """What it died of has been mended, and nobody else restarts it for up to a minute."""
    proxy.status = "restarting"
    assert proxy.run()["changed"] and proxy.ran == [["restart"]]
    assert not proxy.run()["changed"]


def test_nginx_that_dies_again_is_told(proxy: Proxy) -> None:
    proxy.status, proxy.recovers = "restarting", False
    result = proxy.run()
    assert result["failed"] and "Container nginx_container: expected it running, got restarting." in result["msg"]
    assert not proxy.record.exists()


def test_old_workers_that_still_take_connections_are_waited_for(proxy: Proxy) -> None:
    proxy.lingering = True
    assert proxy.run(timeout=0)["failed"]
    proxy.lingering = False
    assert proxy.run(timeout=0)["changed"]


def test_a_worker_that_shuts_down_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    titles = {"1": "nginx: worker process", "2": "nginx: worker process is shutting down"}
    monkeypatch.setattr(engine_proxy, "read_proc", lambda path: titles.get(path.split("/")[2], ""))
    assert [engine_proxy.accepts(pid) for pid in ("1", "2", "3")] == [True, False, False]
