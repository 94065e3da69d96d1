"""What nginx has read, and which of its files were changed after that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import proxy, unloaded

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
    file.write_text(
        "events {}\nhttp {\n  include mime.types; # include none;\n  include sites/*.conf;\n include /etc/letsencrypt/tls.conf;\n}\n"
    )
    log = '2026/11/26 07:00:00 [emerg] 1#1: host not found in upstream "maymessenger_backend:5000" in /etc/nginx/nginx.conf:7\n'
    (tmp_path / "letsencrypt").mkdir()
    (tmp_path / "letsencrypt/tls.conf").write_text("ssl_protocols TLSv1.2;\n")

    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        if "cp" in argv:
            assert argv[2] == "1:/etc/nginx"
            (Path(argv[-1]) / "sites").mkdir(parents=True)
            (Path(argv[-1]) / "mime.types").write_text("types {}\n")
            (Path(argv[-1]) / "fastcgi.conf").write_text("nobody includes it\n")
            (Path(argv[-1]) / "available").mkdir()
            (Path(argv[-1]) / "available/shop.conf").write_text("server {}\n")
            (Path(argv[-1]) / "sites/shop.conf").symlink_to("/etc/nginx/available/shop.conf")
            (Path(argv[-1]) / "sites/endless.conf").symlink_to("endless.conf")
        return (0, "", log) if "logs" in argv else (1, "", "is restarting")

    inspected = container(file, "/etc/nginx/nginx.conf", "restarting")
    inspected["Mounts"].append({"Type": "bind", "Source": str(tmp_path / "letsencrypt"), "Destination": "/etc/letsencrypt", "RW": False})
    found = proxy.read(run, inspected)
    read = dict(part.split(":\n", 1) for part in found["configuration"].split("# configuration file ")[1:])
    assert list(read) == [
        f"/etc/{name}" for name in ("nginx/nginx.conf", "nginx/mime.types", "nginx/sites/shop.conf", "letsencrypt/tls.conf")
    ]
    assert read["/etc/nginx/sites/shop.conf"] == "server {}\n\n" and not found["loaded"]
    assert found["error"] == 'host not found in upstream "maymessenger_backend:5000" in /etc/nginx/nginx.conf:7'


class Files:
    """A container's own files, which `docker cp` copies: by path their text, or in brackets where a link leads."""

    def __init__(self, root: Path, **files: str) -> None:
        self.root, self.copied = root, list[str]()
        for name, text in files.items():
            path = root / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text.startswith("["):
                path.symlink_to(text[1:-1])
            else:
                path.write_text(text)

    def __call__(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        if "cp" not in argv:
            return 1, "", ""
        path = argv[2].partition(":")[2]
        self.copied.append(path)
        source = self.root / path.lstrip("/")
        # As Docker does it: what a path ends in is copied as it is, also a link.
        if source.is_symlink():
            Path(argv[-1]).symlink_to(source.readlink())
        elif source.is_dir():
            shutil.copytree(source, argv[-1], symlinks=True)
        elif source.exists():
            shutil.copy(source, argv[-1])
        return 0, "", ""


INCLUDES = "include enabled/*;\ninclude conf.d/*/[!x]*.conf;\ninclude /srv/sites/*.conf;\n"


def test_directories_that_are_links_lead_where_they_do_in_the_container(tmp_path: Path) -> None:
    """A server has an /etc/nginx and an /opt of its own, of which no file is to come into a report of the container's."""
    theirs, outside = tmp_path / "mounted", tmp_path / "of-the-server"
    outside.mkdir()
    (outside / "secret.conf").write_text("of the server")
    (theirs / "real").mkdir(parents=True)
    (theirs / "real/shop.conf").write_text("shop")
    (theirs / "real/.hidden.conf").write_text("hidden")
    # To a place that the server has, and the container has not; and out of what is mounted by going up.
    (theirs / "stolen").symlink_to(outside)
    (theirs / "up").symlink_to("../of-the-server")
    run = Files(
        tmp_path / "container",
        etc__nginx__nginx_conf=INCLUDES + "include /mnt/stolen/*;\ninclude /mnt/up/*;\ninclude /mnt/loop/*;\n",
        etc__nginx__enabled="[/mnt/real]",
        etc__nginx__conf_d__a__site_conf="a",
        etc__nginx__conf_d__b="[../available]",
        etc__nginx__conf_d__a__x_conf="left out",
        etc__nginx__available__b_conf="b",
        srv__sites="[../opt/sites]",
        opt__sites__static_conf="static",
    )
    (theirs / "loop").symlink_to("/mnt/loop")
    read = unloaded.read(run, container(theirs, "/mnt", "exited"))
    found = dict(part.split(":\n", 1) for part in read.split("# configuration file ")[1:])
    assert {path: text.strip() for path, text in found.items() if not path.endswith("nginx.conf")} == {
        "/etc/nginx/enabled/shop.conf": "shop",
        "/etc/nginx/conf.d/a/site.conf": "a",
        "/etc/nginx/conf.d/b/b.conf": "b",
        "/srv/sites/static.conf": "static",
    }
    assert "/" not in run.copied and "/srv" not in run.copied


def test_a_mount_that_is_a_link_of_the_servers_is_what_docker_mounted(tmp_path: Path) -> None:
    (tmp_path / "nginx_prod.conf").write_text("events {}")
    (tmp_path / "current.conf").symlink_to(tmp_path / "nginx_prod.conf")
    read = unloaded.read(Files(tmp_path / "container"), container(tmp_path / "current.conf", "/etc/nginx/nginx.conf", "exited"))
    assert read.endswith("events {}")


@pytest.mark.parametrize(("status", "served"), [("running", "old"), ("exited", "new")])
def test_of_a_file_that_was_replaced_what_the_container_has_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, served: str
) -> None:
    """It runs with the file of before, though it would not start again; once it is stopped, the one on disk is what it would start with."""
    file, inside = tmp_path / "nginx_prod.conf", tmp_path / "7/etc/nginx/nginx.conf"
    inside.parent.mkdir(parents=True)
    file.write_text("new")
    inside.write_text("old")
    monkeypatch.setattr(unloaded, "INSIDE", f"{tmp_path}/{{}}")
    found = proxy.read(lambda *_words, **_options: (1, "", ""), container(file, "/etc/nginx/nginx.conf", status))
    assert found["configuration"] == f"# configuration file /etc/nginx/nginx.conf:\n{served}"


def test_of_one_whose_files_cannot_be_copied_what_is_mounted_is_read(tmp_path: Path) -> None:
    file = tmp_path / "nginx_prod.conf"
    file.write_text("events {}\n")
    found = proxy.read(lambda *_words, **_options: (1, "", ""), container(file, "/etc/nginx/nginx.conf", "exited"))
    assert found["configuration"] == "# configuration file /etc/nginx/nginx.conf:\nevents {}\n"
