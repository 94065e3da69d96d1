"""A third app, made of its owner's Compose file as docs/compose-apps.md writes it out: deployed, released anew, and gone again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import server
import yaml
from contract import DIRECTORY
from deployment import ROOT
from operators import Deployer
from visitor import Visitor

FILE = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOST, CONTAINERS = "blog.rare-books.ru", {"blog-web-1", "blog-db-1"}
# The stand-in of the shop's front end is the blog: it listens on port 80. Its second version is one with another page.
IMAGES = """
docker tag rarebooks_frontend:latest blog:1.0
echo two > /tmp/index.html
made=$(docker create blog:1.0)
docker cp --quiet /tmp/index.html "$made:/usr/share/nginx/html/index.html"
docker commit "$made" blog:1.1
docker rm "$made"
"""
ASK = "docker exec blog-db-1 psql -U blog -d blog -A -t -c '%s'"


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Write the page's files; return the variables with which its app is deployed beside the others."""
    directory = tmp_path_factory.mktemp("owner")
    for name, content in FILE.findall((ROOT / "docs/compose-apps.md").read_text()):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    variables: dict[str, Any] = yaml.safe_load((directory / "inventories/shop/group_vars/rarebooks.yml").read_text())
    [blog] = variables["compose_app_projects"]
    blog["compose_file"] = str(directory / "files/blog/docker-compose.yml")
    blog["routes"][0]["port"] = 80
    server.shell(IMAGES)
    return variables


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return server.release()


@pytest.fixture
def blog(tmp_path: Path) -> Visitor:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text(server.run("cat", f"{DIRECTORY}/ca/ca.pem"))
    return Visitor(server.address(), str(ca_file), HOST, ["/"])


def image_of(container: str) -> str:
    return server.run("docker", "inspect", "--format", "{{.Config.Image}}", container).strip()


def newer(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables with another image of the blog's web server."""
    [entry] = variables["compose_app_projects"]
    return {**variables, "compose_app_projects": [{**entry, "images": {"web": "blog:1.1"}}]}


def test_what_cannot_be_is_refused_before_anything_changes(before: Any, inventory: dict[str, Any], refused: Deployer) -> None:
    [entry] = inventory["compose_app_projects"]
    message = refused({**inventory, "compose_app_projects": [{**entry, "images": {"wep": "blog:1.1"}}]}).message()
    assert "images: expected services of this file (web, db), got wep." in message


def test_it_is_deployed_and_serves(before: Any, inventory: dict[str, Any], deploying: Deployer, blog: Visitor) -> None:
    assert deploying(inventory).code == 0
    assert blog.ask("/") == "200"
    assert server.release_containers().keys() >= CONTAINERS and image_of("blog-web-1") == "blog:1.0"
    assert server.shell("docker volume ls --quiet --filter name=^blog_").split() == ["blog_data", "blog_media"]
    server.shell(ASK % "CREATE TABLE posts (title text)")
    server.shell(ASK % "INSERT INTO posts SELECT generate_series(1, 7)")
    # Its password was made on the server, and opens its database.
    password = json.loads(server.run("cat", server.SECRETS))["blog_db_password"]
    assert server.run("docker", "exec", "blog-db-1", "printenv", "POSTGRES_PASSWORD").strip() == password


def test_a_second_run_changes_nothing(inventory: dict[str, Any], deploying: Deployer) -> None:
    known = server.state()
    done = deploying(inventory)
    assert done.recap()["changed"] == 0 and server.difference(known, server.state()) == {}


def test_another_image_is_a_release_and_its_database_is_in_the_backup(inventory: dict[str, Any], deploying: Deployer) -> None:
    assert deploying(newer(inventory)).code == 0
    assert image_of("blog-web-1") == "blog:1.1"
    manifest = json.loads(server.run("cat", f"{DIRECTORY}/backups/{server.backups()[-1]}/manifest.json"))
    assert sum(manifest["databases"]["blog-db-1"]["dump"]["tables"].values()) == 7


def test_a_rollback_takes_the_image_back(deploying: Deployer, blog: Visitor) -> None:
    assert deploying({}, playbook="rollback.yml").code == 0
    assert image_of("blog-web-1") == "blog:1.0" and blog.ask("/") == "200"
    assert server.shell(ASK % "SELECT count(*) FROM posts").strip() == "7"


def test_a_rollback_to_before_removes_it_but_for_its_data(before: dict[str, Any], deploying: Deployer) -> None:
    assert deploying({}, playbook="rollback.yml").code == 0
    assert server.difference(before, server.release()) == {}
    assert server.shell("docker volume ls --quiet --filter name=^blog_").split() == ["blog_data", "blog_media"]


def test_its_volumes_are_found_again(before: dict[str, Any], inventory: dict[str, Any], deploying: Deployer) -> None:
    assert deploying(inventory).code == 0
    assert server.shell(ASK % "SELECT count(*) FROM posts").strip() == "7"
    assert deploying({}, playbook="rollback.yml").code == 0
    assert server.difference(before, server.release()) == {}
