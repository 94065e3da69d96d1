"""What a take-over replaces and loses, from recorded output of Docker's command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import written
from ansible_collections.rarebooks.platform.plugins.module_utils._takeover import facts, report

DIFF = """\
C /app
A /app/appsettings.json
C /run
A /run/nginx.pid
C /var
C /var/lib
A /var/lib/nginx
A /var/lib/nginx/body
C /app/wwwroot
A /app/wwwroot/images
A /app/keys
A /app/keys/key.xml
C /root
A /root/.aspnet
D /etc/motd
"""
NGINX = """
# configuration file /etc/nginx/nginx.conf:
    server_name  rare-books.ru www.rare-books.ru;
        server_name "archive.rare-books.ru" _;
    server_name ~^(?<user>.+)\\.example\\.org$ localhost;
    # server_name commented.rare-books.ru;
    server_name_in_redirect off;
    server_names_hash_bucket_size 128;
    server_name *.wild.ru
                other.ru;
"""


def container(name: str, **options: Any) -> dict[str, Any]:
    labels = {"com.docker.compose.project.working_dir": "/root/RareBooksDokploy"}
    return {
        "Id": f"id-{name}",
        "Name": f"/{name}",
        "Config": {"Labels": labels},
        "State": {"Status": "running", "Pid": 0},
        "NetworkSettings": {"Ports": {"80/tcp": None}},
        "Mounts": [],
        **options,
    }


FOUND = [
    container("web_client"),
    container(
        "backend",
        Mounts=[
            {"Type": "volume", "Name": "ours_images", "Source": "/var/lib/docker/x", "Destination": "/app/wwwroot/images"},
            {"Type": "volume", "Name": "ours_extra", "Source": "/var/lib/docker/y", "Destination": "/app/extra"},
            {"Type": "bind", "Source": "/root/settings", "Destination": "/app/settings"},
            {"Type": "tmpfs", "Source": "", "Destination": "/scratch"},
        ],
    ),
    container(
        "proxy",
        NetworkSettings={"Ports": {"80/tcp": [{"HostPort": "80"}]}},
        Mounts=[
            {"Type": "bind", "Source": "/root/RareBooksDokploy/nginx/nginx_prod.conf", "Destination": "/etc/nginx/nginx.conf"},
            {"Type": "bind", "Source": "/etc/letsencrypt", "Destination": "/etc/letsencrypt"},
            {"Type": "bind", "Source": "/root/pages", "Destination": "/usr/share/nginx/html"},
        ],
    ),
]
WANTED = facts.Wanted(frozenset({"backend", "proxy", "new"}), frozenset({"ours_images"}), frozenset({"rare-books.ru", "www.rare-books.ru"}))


def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
    if argv[1] == "ps":
        return 0, "\n".join(str(one["Id"]) for one in FOUND), ""
    if argv[1:3] == ["container", "inspect"]:
        return 0, json.dumps(FOUND), ""
    if argv[1] == "diff":
        return 0, DIFF if argv[2] == "id-backend" else "", ""
    assert argv == ["docker", "exec", "id-proxy", "nginx", "-T"]
    return 0, NGINX, ""


def test_all_that_would_not_be_as_before() -> None:
    assert facts.facts(run, "ours", WANTED) == {
        "directories": ["/root/RareBooksDokploy"],
        "replaced": ["backend", "proxy"],
        "left_over": ["web_client"],
        "unmounted": [
            "ours_extra, at /app/extra in backend",
            "/root/settings, at /app/settings in backend",
            "/root/pages, at /usr/share/nginx/html in proxy",
        ],
        "files": {"backend": ["/app/appsettings.json", "/app/keys/key.xml", "/root/.aspnet"]},
        "server_names": ["*.wild.ru", "archive.rare-books.ru", "other.ru"],
    }


def test_an_empty_directory_is_nothing_to_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root/app").mkdir(parents=True)
    (tmp_path / "root/file").touch()
    monkeypatch.setattr(written.os.path, "isdir", lambda path, isdir=written.os.path.isdir: isdir(path.replace("/proc/7", str(tmp_path))))
    running = container("backend", State={"Status": "running", "Pid": 7})
    assert written.outside_of_volumes(lambda *_arguments: (0, "A /app\nA /file\n", ""), running) == ["/file"]
    stopped = container("backend", State={"Status": "exited", "Pid": 0})
    assert written.outside_of_volumes(lambda *_arguments: (0, "A /app\nA /file\n", ""), stopped) == ["/app", "/file"]


def test_no_containers() -> None:
    assert facts.inspect(lambda *_arguments: (0, "", ""), "ours") == []


def test_a_proxy_without_nginx_or_that_does_not_run_serves_no_name_we_know() -> None:
    proxy = FOUND[2]
    assert facts.served_names(lambda *_arguments: (126, "server_name broken;", ""), proxy) == set()
    assert facts.served_names(run, {**proxy, "State": {"Status": "exited"}}) == set()


def test_the_report_has_a_line_for_each_kind() -> None:
    lines = report.lines(facts.facts(run, "ours", WANTED), ["shop_key"], {"db_password": "shop_db"})
    assert lines == [
        "Replaced by containers of the release, databases too (their volumes stay as they are): backend; proxy.",
        "Left running, but no route leads to them any more: web_client.",
        "No longer mounted (what is in them stays on the server): ours_extra, at /app/extra in backend; /root/settings, at /app/settings "
        "in backend; /root/pages, at /usr/share/nginx/html in proxy.",
        "Lost with their containers, since they lie outside of volumes: in backend /app/appsettings.json, /app/keys/key.xml, "
        "/root/.aspnet.",
        "No longer served: *.wild.ru; archive.rare-books.ru; other.ru.",
        "Secrets other than those of today unless the inventory gives these, which ends what was signed with them: shop_key.",
        "Secrets taken over from the containers of today: db_password from shop_db.",
    ]


def test_many_files_are_counted() -> None:
    nothing: dict[str, Any] = {"replaced": [], "left_over": [], "unmounted": [], "server_names": []}
    [line] = report.lines({**nothing, "files": {"backend": [f"/f{number:02}" for number in range(23)]}}, [], {})
    assert line.endswith("/f19, and 3 more (docker diff backend).")


def test_files_elsewhere_could_not_be_sealed(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").touch()
    found = {"directories": [str(tmp_path)]}
    [problem] = report.misplaced(found, "/opt/rarebooks")
    assert problem.startswith(f"stack_path: expected {tmp_path}, where the files of the running project lie, got /opt/rarebooks.")
    assert report.misplaced(found, str(tmp_path)) == []
    (tmp_path / "docker-compose.yml").unlink()
    assert report.misplaced(found, "/opt/rarebooks") == []
