# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A hand-written nginx that runs, and the proxy of a release beside it, through Ansible and this machine's Docker engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rendering import ROOT, play

IMAGE = "nginx:stable-alpine"
NAME = "rarebooks-scratch-proxies"
# One container in the place of all apps: it says what it was asked for, and under which of its names and ports.
ANSWERS = """
events { }
http {
    server {
        listen 80;
        listen 5000;
        location = /api/time { add_header X-Time $msec; return 200 $msec; }
        location / { add_header X-App $server_port; return 200 "$server_port $request_uri\\n"; }
    }
}
"""
ALIASES = ("backend", "frontend", "maymessenger_backend", "maymessenger_web_client", "rarebooks_backend", "rarebooks_frontend")
COMPARE = """
    - ansible.builtin.command:
        argv: [docker, exec, {name}, nginx, -T]
      register: nginx
    - rarebooks.platform.proxy_adoption_info: &release
        configuration: "{{{{ nginx.stdout }}}}"
        roles: "{{{{ __stack_trees }}}}"
        apps: "{{{{ [rarebooks_app, maymessenger_app] }}}}"
        services: {{backend: rarebooks_backend, frontend: rarebooks_frontend}}
      register: adoption
    - rarebooks.platform.proxy_compare: &both
        container: {name}
        roles: "{{{{ __stack_trees }}}}"
        requests: "{{{{ adoption.requests + more }}}}"
        mounts: {{/etc/letsencrypt: {scratch}/letsencrypt}}
        path: {scratch}/stack
      register: without
    - rarebooks.platform.proxy_compare: *both
      vars:
        proxy_adopted_sites: "{{{{ adoption.adopted_sites }}}}"
        proxy_adopted_locations: "{{{{ adoption.adopted_locations }}}}"
      register: with
    - rarebooks.platform.proxy_compare: *both
      vars:
        proxy_adopted_sites: "server {{"
      register: broken
    - module_defaults:
        rarebooks.platform.proxy_compare:
          mounts: {{/etc/letsencrypt: {scratch}/letsencrypt}}
      vars:
        __stack_adoption:
          facts:
            project: shop
            directories: []
            containers: [{{service: backend, name: rarebooks_backend}}, {{service: frontend, name: rarebooks_frontend}}]
            proxy: {{container: {name}, configuration: "{{{{ nginx.stdout }}}}"}}
          report: []
          problems: []
        __stack_adoption_page: page.html
      block:
        - ansible.builtin.include_tasks: {root}/roles/stack/tasks/compare_proxies.yml
        - ansible.builtin.copy:
            content: "{{{{ lookup('ansible.builtin.template', '{root}/roles/stack/templates/adoption.txt.j2') }}}}"
            dest: {scratch}/report.txt
            mode: "0600"
    - ansible.builtin.copy:
        content: "{{{{ [adoption, without, with, broken] | to_json }}}}"
        dest: {scratch}/result.json
        mode: "0600"
"""


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def remove() -> None:
    for kind, remove in (("ps --all", "rm --force --volumes"), ("network ls", "network rm")):
        found = docker(*kind.split(), "--quiet", "--filter", f"label={NAME}").split()
        if found:
            docker(*remove.split(), *found)


def certificate(directory: Path) -> None:
    directory.mkdir(parents=True)
    argv = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    subprocess.run(
        [*argv.split(), "-keyout", directory / "privkey.pem", "-out", directory / "fullchain.pem"], check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    scratch = tmp_path_factory.mktemp("proxies")
    for host in ("rare-books.ru", "messenger.rare-books.ru"):
        certificate(scratch / "letsencrypt/live" / host)
    (scratch / "answers.conf").write_text(ANSWERS)
    (scratch / "nginx.conf").write_text((ROOT / "tests/unit/data/nginx/month_later.conf").read_text())
    (scratch / "archive.htpasswd").write_text("reader:{PLAIN}open\n")
    (scratch / "stack/nginx").mkdir(parents=True)
    (scratch / "stack/nginx/archive.htpasswd").write_text("reader:{PLAIN}open\n")
    remove()
    try:
        docker("network", "create", "--label", NAME, NAME)
        common = ["--detach", "--label", NAME, "--network", NAME]
        aliases = [word for alias in ALIASES for word in ("--network-alias", alias)]
        docker("run", *common, *aliases, "--volume", f"{scratch}/answers.conf:/etc/nginx/nginx.conf:ro", IMAGE)
        volumes = [f"{scratch}/{place}:ro" for place in ("nginx.conf:/etc/nginx/nginx.conf", "letsencrypt:/etc/letsencrypt")]
        volumes.append(f"{scratch}/archive.htpasswd:/etc/nginx/archive.htpasswd:ro")
        docker("run", *common, "--name", NAME, *(word for volume in volumes for word in ("--volume", volume)), IMAGE)
        inventory = {
            "stack_apps": ["rarebooks", "maymessenger"],
            "stack_path": str(scratch / "tree"),
            "maymessenger_backend_source": "/src",
            "__stack_server": {"engine": {"version": "26.1"}},
            "__stack_preconditions": {"sources": {"maymessenger": "0123456789abcdef"}},
            "more": [{"scheme": "https", "host": "rare-books.ru", "path": "/api/time"}],
        }
        play(scratch, COMPARE.format(scratch=scratch, name=NAME, root=ROOT), inventory)
        names = ("adoption", "without", "with", "broken")
        results = dict(zip(names, json.loads((scratch / "result.json").read_text()), strict=True))
        yield {**results, "report": (scratch / "report.txt").read_text()}
    finally:
        remove()


def told(result: dict[str, Any], field: str) -> dict[str, tuple[str, str]]:
    return {one["request"]: (one["running"], one["candidate"]) for one in result["differences"] if one["field"] == field}


def test_what_nginx_itself_says_it_has_read_is_understood(results: dict[str, Any]) -> None:
    assert [one["id"] for one in results["adoption"]["unclaimed"]][:2] == ["site archive.rare-books.ru", "site old.rare-books.ru"]
    assert "location messenger.rare-books.ru /web/" in [one["id"] for one in results["adoption"]["unclaimed"]]


def test_what_would_be_lost_is_among_the_differences(results: dict[str, Any]) -> None:
    without = results["without"]
    assert without["refused"] == "" and without["asked"] == len(results["adoption"]["requests"]) + 1 and without["left_out"] == 0
    status = told(without, "status")
    assert status["GET https://messenger.rare-books.ru/web/"] == ("200", "404")
    assert status["GET https://archive.rare-books.ru/"] == ("401", "no answer: TLS refused")
    assert told(without, "redirect")["GET https://messenger.rare-books.ru/"] == (
        "https://messenger.rare-books.ru/web/",
        "https://messenger.rare-books.ru/swagger",
    )


def test_what_is_carried_over_answers_as_before(results: dict[str, Any]) -> None:
    assert results["with"]["refused"] == ""
    left = {(one["request"].split()[1], one["field"]) for one in results["with"]["differences"]}
    assert {url for url, _field in left if "archive" in url or "/web/" in url or "/images/" in url or "setup" in url} == set(), left
    # What no one who adopts a server can keep: an app's own path that it answers in its own way, and hosts that no site names.
    assert {(url, field) for url, field in left if "/.well-known/" not in url} == {
        ("https://messenger.rare-books.ru/", "redirect"),
        ("https://messenger.rare-books.ru/unknown-path-of-no-app", "status"),
        ("http://unknown-host.invalid/", "status"),
        ("https://unknown-host.invalid/", "status"),
    }


def test_what_an_app_answers_in_two_ways_is_no_difference(results: dict[str, Any]) -> None:
    assert [one for one in results["with"]["differences"] if "/api/time" in one["request"]] == []


def test_a_configuration_that_nginx_refuses_is_told_in_its_words(results: dict[str, Any]) -> None:
    broken = results["broken"]
    assert "nginx refuses the configuration of the release" in broken["refused"] and "[emerg]" in broken["refused"]
    assert (broken["differences"], broken["asked"]) == ([], 0)


def test_the_report_of_adopt_says_what_differs(results: dict[str, Any]) -> None:
    asked = len(results["adoption"]["requests"])
    assert (
        f"{asked} requests asked of the running proxy and of one with the configuration of the release; what differs:\n- "
        in results["report"]
    )
    assert "\n- GET https://messenger.rare-books.ru/web/: status 200 becomes 404\n" in results["report"]


def test_no_candidate_is_left(results: dict[str, Any]) -> None:
    assert docker("ps", "--all", "--quiet", "--filter", "label=rarebooks.platform.candidate") == ""
