"""The app that docs/apps.md writes out is a whole one: stack takes it, checks it and renders it, with no change elsewhere."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release, parse
from rendering import FILE, SERVER, WHOLE, play

ROOT = Path(__file__).resolve().parents[2]
STACK_APPS = re.compile(r"^stack_apps: .*$", re.MULTILINE)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page's files as a role of another collection, and render the tree that stack would send."""
    scratch = tmp_path_factory.mktemp("apps")
    role = scratch / "collections/ansible_collections/acme/apps/roles/notes"
    for name, content in FILE.findall((ROOT / "docs/apps.md").read_text()):
        (role / name).parent.mkdir(parents=True, exist_ok=True)
        (role / name).write_text(content)
    tree = scratch / "tree"
    inventory = {"stack_apps": ["acme.apps.notes"], "stack_path": str(tree), "proxy_hsts_seconds": "300", "__stack_server": SERVER}
    play(scratch, WHOLE.format(root=ROOT, tree=tree), inventory, collections=f"{scratch}/collections")
    return tree


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_the_page_writes_out_a_whole_role() -> None:
    names = [name for name, _content in FILE.findall((ROOT / "docs/apps.md").read_text())]
    assert names == [
        "defaults/main.yml",
        "vars/main.yml",
        "meta/argument_specs.yml",
        "templates/tree/compose/notes.yml.j2",
        "templates/tree/env/notes_web.env.j2",
        "templates/tree/nginx/sites/notes.conf.j2",
    ]


def test_an_app_is_hardly_more_than_what_is_its_own() -> None:
    assert sum(content.count("\n") for _name, content in FILE.findall((ROOT / "docs/apps.md").read_text())) <= 60


def test_the_root_file_includes_the_app(tree: Path) -> None:
    included = [entry["path"] for entry in load(tree / "docker-compose.yml")["include"]]
    assert included == ["compose/proxy.yml", "compose/notes.yml"]


def test_its_services_are_those_it_describes(tree: Path) -> None:
    compose = load(tree / "compose/notes.yml")
    service = compose["services"]["notes_web"]
    release = load(tree / "release.json")
    assert [app["containers"] for app in release["apps"]] == [[service["container_name"]]]
    assert release["proxy"] == {"containers": ["nginx_container"]}
    assert list(compose["volumes"]) == ["notes_data"]
    assert compose["networks"]["rarebooks_network"] == {"name": "rarebooks_network", "external": True}
    assert service["healthcheck"] == {
        "test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8000/health"],
        "interval": "30s",
        "timeout": "10s",
        "retries": 3,
        "start_period": "30s",
        "start_interval": "1s",
    }
    assert service["restart"] == "unless-stopped" and service["networks"] == ["rarebooks_network"]
    assert service["security_opt"] == ["no-new-privileges:true"] and "NET_RAW" in service["cap_drop"] and service["pids_limit"] == 4096
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}


def test_its_secret_is_generated_on_the_server(tree: Path) -> None:
    environment = tree / "env/notes_web.env"
    secrets = json.loads((tree / ".secrets.json").read_text())
    assert len(secrets["notes_session_key"]) == 64
    assert environment.read_text() == f"SESSION_KEY={secrets['notes_session_key']}\n"
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600


def test_its_site_certificate_and_probe_follow(tree: Path) -> None:
    site = (tree / "nginx/sites/notes.conf").read_text()
    insecure, secure = site.split("listen 443 ssl;")
    for block in (insecure, secure):
        assert "server_name notes.rare-books.ru;" in block
    assert "include /etc/nginx/snippets/acme_challenge.conf;" in insecure and "return 301 https://$host$request_uri;" in insecure
    assert "ssl_certificate /etc/letsencrypt/live/notes.rare-books.ru/fullchain.pem;" in secure
    assert "set $upstream http://notes_web:8000;" in secure and "http://notes_web" not in insecure


def test_what_the_operator_sets_for_all_apps_reaches_it(tree: Path) -> None:
    insecure, secure = (tree / "nginx/sites/notes.conf").read_text().split("listen 443 ssl;")
    assert 'add_header Strict-Transport-Security "max-age=300" always;' in secure and "Strict" not in insecure


def test_its_probes_and_certificate_are_described(tree: Path) -> None:
    facts = load(tree / "facts.json")
    assert facts["names"] == [{"name": "notes.rare-books.ru", "names": ["notes.rare-books.ru"]}]
    [app] = load(tree / "release.json")["apps"]
    assert app["probes"] == [{"name": "Notes front page", "url": "https://notes.rare-books.ru/"}]
    assert app["databases"] == [] and facts["sources"] == []


def test_what_is_recorded_is_what_the_types_know(tree: Path) -> None:
    document = load(tree / "release.json")
    release = parse((tree / "release.json").read_bytes())
    assert document.keys() <= {one.name for one in fields(Release)}
    assert document["apps"][0].keys() <= {one.name for one in fields(App)}
    assert parse(json.dumps(state.plain(release)).encode()) == release
    assert release.apps[0].checks == [HttpCheck("https://notes.rare-books.ru/", "Notes front page")]


def test_the_line_for_the_inventory_names_all_apps() -> None:
    line = STACK_APPS.search((ROOT / "docs/apps.md").read_text())
    assert line and yaml.safe_load(line.group()) == {"stack_apps": ["rarebooks", "maymessenger", "acme.apps.notes"]}
