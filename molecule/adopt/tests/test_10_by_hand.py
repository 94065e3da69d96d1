"""The server before anything of ours has touched it is what the contract says of servers that were set up by hand."""

from __future__ import annotations

import json

import pytest
import server
from by_hand import containers
from contract import DIRECTORY, MESSENGER, PROJECT, SHOP
from guests import wait_serving
from routes import ROUTES, archive, leads
from support import Web

NAMES = {
    "rarebooks_books_db", "rarebooks_users_db", "rarebooks_backend", "rarebooks_frontend", "db_maymessenger", "maymessenger_backend",
    "maymessenger_web_client", "nginx_container",
}  # fmt: skip
MEDIA = ["audio", "images", "avatars", "files", "videos"]
VOLUMES = {
    "db_books_data", "db_users_data", "collection_images", "db_maymessenger_data", "maymessenger_firebase",
    *(f"maymessenger_{name}" for name in MEDIA),
}  # fmt: skip
DATABASES = {"rarebooks_books_db": "RareBooks_Books", "rarebooks_users_db": "RareBooks_Users", "db_maymessenger": "maymessenger"}


@pytest.fixture(scope="module")
def browser(by_hand_ca: str) -> Web:
    found = Web(by_hand_ca)
    wait_serving(found)
    return found


def test_its_containers_volumes_and_network() -> None:
    assert containers().keys() == NAMES | {"blog"}
    volumes = server.run("docker", "volume", "ls", "--quiet").split()
    assert {f"{PROJECT}_{name}" for name in VOLUMES} <= set(volumes)
    assert f"{PROJECT}_rarebooks_network" in server.run("docker", "network", "ls", "--format", "{{.Name}}").split()
    mounts = json.loads(server.run("docker", "inspect", "--format", "{{json .Mounts}}", "maymessenger_backend"))
    assert {mount["Destination"] for mount in mounts} == {f"/app/wwwroot/{name}" for name in MEDIA} | {"/app/firebase_config"}


def test_nothing_of_ours_is_there() -> None:
    there = server.run("sh", "-c", f"ls -A {DIRECTORY} /opt/rarebooks 2>/dev/null || true")
    assert not [name for name in (".secrets.json", "release.json", ".config_tree.json", "ca") if name in there.split()]


@pytest.mark.parametrize(("url", "status", "target"), ROUTES)
def test_its_routes(browser: Web, url: str, status: int, target: str | None) -> None:
    assert leads(browser, url) == (status, target)


def test_the_third_site_too(browser: Web) -> None:
    assert archive(browser) == (200, "the archive\n")


def test_something_is_in_every_database_and_in_the_volume() -> None:
    for container, database in DATABASES.items():
        count = server.run(
            "docker", "exec", container, "psql", "-U", "postgres", "-d", database, "-At", "-c", "SELECT count(*) FROM by_hand"
        )
        assert count.strip() == "100", container
    assert server.run("docker", "exec", "rarebooks_backend", "cat", "/app/wwwroot/collection_images/by_hand.png") == "a picture\n"
    assert server.run("docker", "exec", "rarebooks_backend", "cat", "/app/appsettings.json") == "{}\n"


def test_its_certificates_are_lineages_of_certbot() -> None:
    links = server.run("sh", "-c", "readlink /etc/letsencrypt/live/*/fullchain.pem").split()
    assert links == [f"../../archive/{name}/fullchain1.pem" for name in (MESSENGER, SHOP[0])]
    assert "authenticator = webroot" in server.run("cat", f"/etc/letsencrypt/renewal/{SHOP[0]}.conf")
