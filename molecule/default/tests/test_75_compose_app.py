"""A third app, made of its owner's Compose file as docs/compose-apps.md writes it out, and a fourth one, of somebody else's collection,
in the site of the messenger as docs/apps.md has it: deployed, released anew, and gone again."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import server
import yaml
from contract import DIRECTORY, MESSENGER
from deployment import ROOT
from operators import Deployer
from visitor import Visitor

FILE = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOST, CONTAINERS = "blog.rare-books.ru", {"blog-web-1", "blog-db-1", "notes_web"}
# The stand-in of the shop's front end is the blog: it listens on port 80. Its second version is one with another page.
IMAGES = """
docker tag rarebooks_frontend:latest blog:1.0
echo two > /tmp/index.html
made=$(docker create blog:1.0)
docker cp --quiet /tmp/index.html "$made:/usr/share/nginx/html/index.html"
docker commit "$made" blog:1.1
docker rm "$made"
"""
# What the page about roles says of an app in the site of another one, with what it takes to be one.
LOCATION = re.compile(r"^```nginx\n(location /notes/ .*?)^```$", re.MULTILINE | re.DOTALL)
NOTES = {
    "vars/main.yml": """
notes_app:
  name: notes
  title: Notes
  site_of: maymessenger
  server_names: "{{ maymessenger_server_names }}"
  certificate: "{{ maymessenger_certificate }}"
  containers: [notes_web]
  volumes: []
  images: [rarebooks_frontend:latest]
  secrets: []
  probes: [{url: "https://{{ maymessenger_server_names[0] }}{{ proxy_https_suffix }}/notes/"}]
""",
    "templates/tree/compose/notes.yml.j2": """
{% import 'platform/compose.j2' as compose with context %}
{{ compose.header() }}
services:
  notes_web:
    <<: *service
    image: {{ notes_app.images[0] }}
    container_name: notes_web
{{ compose.health(['wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:80/'], start_period=30) }}
{{ compose.footer(notes_app) }}
""",
}
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
    return {**variables, "stack_apps": [*variables["stack_apps"], "acme.apps.notes"]}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of an owner who has a collection with a role beside ours."""
    elsewhere = tmp_path_factory.mktemp("collections")
    [location] = LOCATION.findall((ROOT / "docs/apps.md").read_text())
    files = {**NOTES, "templates/tree/nginx/locations/notes.conf.j2": location.replace(":8000", ":80")}
    for name, content in files.items():
        path = elsewhere / "ansible_collections/acme/apps/roles/notes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections:{elsewhere}"}


@pytest.fixture(scope="module")
def owning(deploying: Deployer, environment: dict[str, str]) -> Deployer:
    return partial(deploying, environment=environment)


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return server.release()


def visitor(tmp_path: Path, host: str) -> Visitor:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text(server.run("cat", f"{DIRECTORY}/ca/ca.pem"))
    return Visitor(server.address(), str(ca_file), host, ["/"])


@pytest.fixture
def blog(tmp_path: Path) -> Visitor:
    return visitor(tmp_path, HOST)


def image_of(container: str) -> str:
    return server.run("docker", "inspect", "--format", "{{.Config.Image}}", container).strip()


def newer(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables with another image of the blog's web server."""
    [entry] = variables["compose_app_projects"]
    return {**variables, "compose_app_projects": [{**entry, "images": {"web": "blog:1.1"}}]}


def test_what_cannot_be_is_refused_before_anything_changes(
    before: Any, inventory: dict[str, Any], environment: dict[str, str], refused: Deployer
) -> None:
    [entry] = inventory["compose_app_projects"]
    wrong = {**inventory, "compose_app_projects": [{**entry, "images": {"wep": "blog:1.1"}}]}
    message = refused(wrong, environment=environment).message()
    assert "images: expected services of this file (web, db), got wep." in message


def test_it_is_deployed_and_serves(before: Any, inventory: dict[str, Any], owning: Deployer, blog: Visitor, tmp_path: Path) -> None:
    assert owning(inventory).code == 0
    assert blog.ask("/") == "200"
    assert server.release_containers().keys() >= CONTAINERS and image_of("blog-web-1") == "blog:1.0"
    # The other one answers below its prefix, and leaves the rest of the site to the messenger.
    messenger = visitor(tmp_path, MESSENGER)
    assert [messenger.ask(page) for page in ("/notes/", "/notes", "/health", "/api/chats")] == ["200", "301", "200", "401"]
    server.shell(ASK % "CREATE TABLE posts (title text)")
    server.shell(ASK % "INSERT INTO posts SELECT generate_series(1, 7)")
    # Its password was made on the server, and opens its database.
    password = json.loads(server.run("cat", server.SECRETS))["blog_db_password"]
    assert server.run("docker", "exec", "blog-db-1", "printenv", "POSTGRES_PASSWORD").strip() == password


def test_a_second_run_changes_nothing(inventory: dict[str, Any], owning: Deployer) -> None:
    known = server.state()
    done = owning(inventory)
    assert done.recap()["changed"] == 0 and server.difference(known, server.state()) == {}


def test_another_image_is_a_release_and_its_database_is_in_the_backup(inventory: dict[str, Any], owning: Deployer) -> None:
    assert owning(newer(inventory)).code == 0
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


def test_its_volumes_are_found_again(before: dict[str, Any], inventory: dict[str, Any], deploying: Deployer, owning: Deployer) -> None:
    assert owning(inventory).code == 0
    assert server.shell(ASK % "SELECT count(*) FROM posts").strip() == "7"
    assert deploying({}, playbook="rollback.yml").code == 0
    assert server.difference(before, server.release()) == {}
