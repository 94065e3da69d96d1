"""What is found out before an order, against real servers on loopback."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import checks
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Wanted
from ansible_collections.rarebooks.platform.plugins.module_utils._server import system
from lineages import settings

SITE = Wanted("site", ["a.example.org", "b.example.org"])


class Proxy(BaseHTTPRequestHandler):
    """Serves the webroot for some hosts, as nginx does where every block has the location."""

    webroot: Path
    hosts: set[str]
    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        host = self.headers["Host"]
        self.asked.append((host, self.path))
        file = self.webroot / self.path.lstrip("/")
        known = host in self.hosts and file.is_file() and self.readable(file)
        self.send_response(200 if known else 404)
        self.end_headers()
        if known:
            self.wfile.write(file.read_bytes())

    def readable(self, file: Path) -> bool:
        """Say whether a worker of nginx, which is another user, gets there."""
        folders = [folder for folder in file.parents if folder.is_relative_to(self.webroot)]
        return bool(file.stat().st_mode & 0o004) and all(folder.stat().st_mode & 0o001 for folder in folders)

    def log_message(self, *_arguments: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    Proxy.webroot, Proxy.hosts, Proxy.asked = tmp_path / "www", set(SITE.names), []
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


def test_a_token_comes_back_under_each_name_and_leaves_nothing(tmp_path: Path, proxy: ThreadingHTTPServer) -> None:
    checks.challenge(settings(tmp_path, http_port=proxy.server_port), SITE)
    assert [host for host, _path in Proxy.asked] == SITE.names
    assert len({path for _host, path in Proxy.asked}) == 1
    assert [path for path in (tmp_path / "www").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("made_before", [[], ["www/.well-known/acme-challenge"]])
def test_a_hardened_umask_keeps_nginx_out_of_nothing(made_before: list[str], tmp_path: Path, proxy: ThreadingHTTPServer) -> None:
    (tmp_path / "www").mkdir(mode=0o755)
    before = os.umask(0o027)
    try:
        for folder in made_before:
            (tmp_path / folder).mkdir(parents=True)
        checks.challenge(settings(tmp_path, http_port=proxy.server_port), SITE)
    finally:
        os.umask(before)
    assert [host for host, _path in Proxy.asked] == SITE.names


def test_a_block_without_the_location_is_named(tmp_path: Path, proxy: ThreadingHTTPServer) -> None:
    Proxy.hosts = {"a.example.org"}
    with pytest.raises(checks.CheckError, match=r"b\.example\.org on shop, .*got status 404.*Every port-80 block") as error:
        checks.challenge(settings(tmp_path, http_port=proxy.server_port), SITE)
    assert not isinstance(error.value, checks.NoProxy)


def test_no_proxy_is_told_apart(tmp_path: Path, proxy: ThreadingHTTPServer) -> None:
    port = proxy.server_port
    proxy.shutdown()
    proxy.server_close()
    with pytest.raises(checks.NoProxy, match=r"a\.example\.org on shop, .*no answer on port"):
        checks.challenge(settings(tmp_path, http_port=port), SITE)


def test_dns_needs_no_proxy(tmp_path: Path) -> None:
    checks.challenge(settings(tmp_path, http_port=1), Wanted("wild", ["*.example.org"], "dns-01"))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"a.example.org": ["203.0.113.7"], "b.example.org": ["203.0.113.9"]}, r"b\.example\.org on shop: .*got 203\.0\.113\.9"),
        ({"a.example.org": ["203.0.113.7", "2001:db8::9"], "b.example.org": ["203.0.113.7"]}, r"a\.example\.org .*got 2001:db8::9\."),
        ({"a.example.org": [], "b.example.org": ["203.0.113.7"]}, r"a\.example\.org on shop: .*\(127\.0\.0\.1, 203\..*got no address"),
    ],
)
def test_a_name_that_leads_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: dict[str, list[str]], told: str) -> None:
    monkeypatch.setattr(system, "addresses", lambda _run: ["127.0.0.1", "203.0.113.7"])
    monkeypatch.setattr(system, "resolve", lambda _names: found)
    with pytest.raises(checks.CheckError, match=told):
        checks.resolution(settings(tmp_path), SITE, lambda _argv: (0, "", ""))
    checks.resolution(settings(tmp_path, check_resolution=False), SITE, lambda _argv: (0, "", ""))
    monkeypatch.setattr(system, "resolve", lambda _names: {"a.example.org": ["203.0.113.7"], "b.example.org": ["127.0.1.1"]})
    checks.resolution(settings(tmp_path), SITE, lambda _argv: (0, "", ""))
    checks.resolution(settings(tmp_path), Wanted("wild", SITE.names, "dns-01"), lambda _argv: (0, "", ""))


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks.disk(settings(tmp_path))
    monkeypatch.setattr(system, "disk_free", lambda path: 3 if path.endswith("live") else 5000)
    with pytest.raises(checks.CheckError, match=r"etc/live on shop: expected 16 MiB free .*got 3 MiB"):
        checks.disk(settings(tmp_path))


@pytest.mark.parametrize(("path", "told"), [("closed", "Max retries|refused"), ("/missing", "status 404")])
def test_a_directory_that_is_away_or_none(tmp_path: Path, proxy: ThreadingHTTPServer, path: str, told: str) -> None:
    url = "http://127.0.0.1:1/dir" if path == "closed" else f"http://127.0.0.1:{proxy.server_port}{path}"
    with pytest.raises(checks.CheckError, match=f"ACME directory {url}: expected it to answer shop, got: .*({told})"):
        checks.directory(settings(tmp_path, directory=url))


def test_a_directory_that_answers(tmp_path: Path, proxy: ThreadingHTTPServer) -> None:
    Proxy.hosts = {f"127.0.0.1:{proxy.server_port}"}
    (tmp_path / "www").mkdir()
    (tmp_path / "www/dir").write_text('{"newOrder": "https://acme.example/new-order"}')
    checks.directory(settings(tmp_path, directory=f"http://127.0.0.1:{proxy.server_port}/dir"))
    (tmp_path / "www/dir").write_text("{}")
    with pytest.raises(checks.CheckError, match="JSON without newOrder"):
        checks.directory(settings(tmp_path, directory=f"http://127.0.0.1:{proxy.server_port}/dir"))
