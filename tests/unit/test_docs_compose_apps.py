"""The app that docs/compose-apps.md makes of a Compose file: stack takes it, checks it and renders it, with no change elsewhere."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from rendering import FILE, SERVER, WHOLE, play

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/compose-apps.md").read_text()
OPTIONS = yaml.safe_load((ROOT / "roles/compose_app/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]


def written_out() -> dict[str, str]:
    """Return the page's files by their names."""
    return dict(FILE.findall(PAGE))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page's files, and render the tree that stack would send."""
    scratch = tmp_path_factory.mktemp("compose")
    for name, content in written_out().items():
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_text(content)
    tree = scratch / "tree"
    inventory = yaml.safe_load(written_out()["inventories/shop/group_vars/rarebooks.yml"])
    inventory["compose_app_projects"][0]["compose_file"] = str(scratch / "files/blog/docker-compose.yml")
    given = {**inventory, "stack_apps": ["compose_app"], "stack_path": str(tree), "__stack_server": SERVER}
    check = "    - rarebooks.platform.app_descriptions:\n        roles: [rarebooks.platform.compose_app]\n"
    play(scratch, check + WHOLE.format(root=ROOT, tree=tree), given)
    return tree


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_the_page_writes_out_a_project_and_its_description() -> None:
    assert list(written_out()) == ["files/blog/docker-compose.yml", "inventories/shop/group_vars/rarebooks.yml"]
    [entry] = yaml.safe_load(written_out()["inventories/shop/group_vars/rarebooks.yml"])["compose_app_projects"]
    assert entry.keys() <= OPTIONS["compose_app_projects"]["options"].keys()


def test_the_root_file_includes_it_with_its_variables(tree: Path) -> None:
    [_proxy, blog] = load(tree / "docker-compose.yml")["include"]
    assert blog == {"path": "compose/blog.yml", "project_directory": ".", "env_file": "env/blog.env"}


def test_services_are_the_owners_with_the_names_of_today(tree: Path) -> None:
    compose = load(tree / "compose/blog.yml")
    owners = yaml.safe_load(written_out()["files/blog/docker-compose.yml"])["services"]
    web, database = (compose["services"][f"blog_{name}"] for name in ("web", "db"))
    assert web["container_name"] == "blog-web-1" and web["depends_on"] == {"blog_db": {"condition": "service_healthy"}}
    assert web["environment"] == {"DATABASE_URL": "postgres://blog:${blog__DB_PASSWORD}@db/blog"}
    assert database["healthcheck"] == owners["db"]["healthcheck"]
    assert list(web["networks"]) == ["blog_default", "rarebooks_network"]
    assert database["networks"] == {"blog_default": {"aliases": ["db"]}}
    assert compose["volumes"] == {"blog_media": {"name": "blog_media"}, "blog_data": {"name": "blog_data"}}


def test_its_password_is_the_servers(tree: Path) -> None:
    environment = tree / "env/blog.env"
    secrets = json.loads((tree / ".secrets.json").read_text())
    assert environment.read_text() == f"blog__DB_PASSWORD={secrets['blog_db_password']}\n"
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600


def test_the_release_knows_its_database_and_volumes(tree: Path) -> None:
    [app] = load(tree / "release.json")["apps"]
    database = {"container": "blog-db-1", "name": "blog", "user": "blog", "volume": "blog_data", "schema_query": "SELECT 1"}
    assert app["databases"] == [database] and app["unprefixed_volumes"] == ["blog_media", "blog_data"]
    assert app["probes"] == [{"name": "The blog front page", "url": "https://blog.rare-books.ru/"}]


def test_its_site_passes_on_what_the_route_says(tree: Path) -> None:
    site = (tree / "nginx/sites/compose_app.conf").read_text()
    assert len(re.findall(r"server_name blog\.rare-books\.ru;", site)) == 2
    assert "location / {\n        set $upstream http://blog-web-1:8080;" in site and "client_max_body_size 10m;" in site
    assert "Upgrade" not in site and "return 404" not in site
