"""What nginx has read, and which of its files were changed after that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import proxy

STARTED = "1 (nginx) S " + " ".join(["0"] * 18) + " {} 0 0"
BOOT = 1_700_000_000


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A master that started 100 s after the boot, its only worker after 500 s, and one of before that ends when its last visitor does."""
    ticks = os.sysconf("SC_CLK_TCK")
    files = {
        "/proc/stat": f"cpu 1\nbtime {BOOT}\n",
        "/proc/7/task/7/children": "8 9 ",
        "/proc/7/stat": STARTED.format(100 * ticks),
        "/proc/8/stat": STARTED.format(100 * ticks),
        "/proc/9/stat": STARTED.format(500 * ticks),
        "/proc/8/cmdline": "nginx: worker process is shutting down",
        "/proc/9/cmdline": "nginx: worker process",
    }
    monkeypatch.setattr(proxy, "read_proc", lambda path: files.get(path, ""))
    return files


def container(source: Path, destination: str, status: str = "running") -> dict[str, Any]:
    return {
        "Id": "1",
        "Name": "/nginx",
        "State": {"Status": status, "Pid": 7},
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}},
        "Mounts": [{"Type": "bind", "Source": str(source), "Destination": destination, "RW": False}],
    }


def test_the_last_reload_counts(processes: dict[str, str]) -> None:
    assert proxy.loaded_at(7) == BOOT + 500
    processes["/proc/7/task/7/children"] = ""
    assert proxy.loaded_at(7) == BOOT + 100
    processes.clear()
    assert proxy.loaded_at(7) == 0


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(("written", "newer"), [(BOOT + 400, False), (BOOT + 600, True)])
def test_a_file_that_was_written_after_that_is_newer(tmp_path: Path, written: int, newer: bool) -> None:
    file = tmp_path / "sites/shop.conf"
    file.parent.mkdir()
    file.write_text("server {}")
    os.utime(file, (written, written))
    found = proxy.read(lambda *_words, **_options: (0, "loaded", ""), container(tmp_path, "/etc/nginx"))
    assert (found["newer"] == [str(file)]) is newer and found["configuration"] == "loaded"


@pytest.mark.usefixtures("processes")
def test_a_file_that_was_replaced_is_not_the_mounted_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, mounted = tmp_path / "nginx_prod.conf", tmp_path / "mounted.conf"
    file.write_text("new")
    mounted.write_text("old")
    real = os.path.isfile
    inside = "/proc/7/root/etc/nginx/nginx.conf"
    monkeypatch.setattr(proxy.os.path, "isfile", lambda path: path == inside or real(path))
    monkeypatch.setattr(proxy.os.path, "samefile", lambda one, other: other != inside)
    found = proxy.read(lambda *_words, **_options: (0, "", ""), container(file, "/etc/nginx/nginx.conf"))
    assert found["detached"] == [str(file)] and found["mounted_file"] == str(file)
    monkeypatch.setattr(proxy.os.path, "samefile", lambda *_paths: True)
    assert proxy.read(lambda *_words, **_options: (0, "", ""), container(file, "/etc/nginx/nginx.conf"))["detached"] == []


def test_of_one_that_does_not_start_the_files_and_its_complaint_are_read(tmp_path: Path) -> None:
    """As after a rollback by the old guide's script: the upstream's container is gone."""
    file = tmp_path / "nginx_prod.conf"
    file.write_text("events {}\n")
    log = '2026/11/26 07:00:00 [emerg] 1#1: host not found in upstream "maymessenger_backend:5000" in /etc/nginx/nginx.conf:7\n'

    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        return (0, "", log) if "logs" in argv else (1, "", "is restarting")

    found = proxy.read(run, container(file, "/etc/nginx/nginx.conf", "restarting"))
    assert found["configuration"] == "# configuration file /etc/nginx/nginx.conf:\nevents {}\n" and not found["loaded"]
    assert found["error"] == 'host not found in upstream "maymessenger_backend:5000" in /etc/nginx/nginx.conf:7'
