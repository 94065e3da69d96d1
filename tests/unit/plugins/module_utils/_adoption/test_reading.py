"""What is read of a server set up by hand, from the recorded answers of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import engine, reading, scheduled
from recorded_server import Recorded, release_of

PROJECT = "rarebooksdokploy"
BACKEND = {
    "service": "backend",
    "image": "rarebooks_backend:2",
    "mounts": {"/app/wwwroot/collection_images": f"{PROJECT}_collection_images"},
    "environment": {
        "ASPNETCORE_ENVIRONMENT": "Production",
        "Jwt__Key": "@secret(rarebooks_jwt_key)@",
        "Jwt__Issuer": "RareBooksService",
        "ConnectionStrings__BooksDb": "Host=db_books;Port=5432;Database=RareBooks_Books;Username=postgres;Password=@secret(books)@",
        "New": "is nobody's loss",
    },
}
RELEASE = {"rarebooks_backend": BACKEND, "rarebooks_books_db": {"service": "db_books"}, "nginx_container": {"service": "proxy"}}


@pytest.fixture(autouse=True)
def _no_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests."""
    monkeypatch.setattr(scheduled, "read", lambda root="": [])


@pytest.fixture
def placed(tmp_path: Path) -> Recorded:
    """A server whose project lies in a directory that is there."""
    server = Recorded()
    for one in server.containers:
        one["Config"]["Labels"]["com.docker.compose.project.working_dir"] = str(tmp_path)
    (tmp_path / "docker-compose.yml").touch()
    return server


def read(server: Recorded, secrets: dict[str, str] | None = None, project: str = PROJECT, path: str = "/none") -> dict[str, Any]:
    release = release_of(RELEASE, secrets)
    everything = engine.inspect(server)
    found = reading.project_of(everything, release, project)
    return reading.read(server, everything, release, found, path, [])


def one(facts: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in facts["containers"] if one["name"] == name)
    return found


def test_every_container_of_the_project_is_read() -> None:
    facts = read(Recorded())
    assert [found["name"] for found in facts["containers"] if found["wanted"]] == [
        "nginx_container",
        "rarebooks_backend",
        "rarebooks_books_db",
    ]
    assert len(facts["containers"]) == 8
    assert one(facts, "rarebooks_backend")["written"] == ["/app/appsettings.json"]
    assert one(facts, "nginx_container")["ports"][0] == {"address": "", "port": "443", "inner": "443/tcp"}


def test_environments_are_compared_on_the_server() -> None:
    server = Recorded()
    facts = read(server, {"rarebooks_jwt_key": "another", "books": "books-made-by-hand"})
    assert one(facts, "rarebooks_backend")["environment"] == {
        "ASPNETCORE_ENVIRONMENT": "same",
        "ASPNETCORE_URLS": "disappears",
        "ConnectionStrings__BooksDb": "same",
        "ConnectionStrings__UsersDb": "disappears",
        "Jwt__Audience": "disappears",
        "Jwt__Issuer": "changes",
        "Jwt__Key": "changes",
    }
    said = json.dumps(facts)
    for found in server.containers:
        for value in (pair.partition("=")[2] for pair in found["Config"]["Env"]):
            assert len(value) < 12 or "made-by-hand" not in value or value not in said


def test_what_the_service_does_not_give_is_named_as_a_deploy_names_it() -> None:
    server = Recorded()
    server.container("rarebooks_backend")["Mounts"].append({"Type": "bind", "Source": "/srv/x", "Destination": "/x"})
    server.container("nginx_container")["Mounts"].append({"Type": "bind", "Source": "/srv/www", "Destination": "/usr/share/nginx/html"})
    facts = read(server)
    lost = one(facts, "rarebooks_backend")["lost"]
    assert "mount rarebooks_backend /x" in lost and "environment rarebooks_backend ASPNETCORE_URLS" in lost
    assert one(facts, "nginx_container")["lost"] == ["mount nginx_container /usr/share/nginx/html"]
    assert one(facts, "rarebooks_books_db")["lost"][-1] == "volume rarebooksdokploy_db_books_data"


def test_a_secret_that_is_taken_does_not_change() -> None:
    facts = read(Recorded(), {"rarebooks_jwt_key": "the-shops-key-made-by-hand-0123456789"})
    assert one(facts, "rarebooks_backend")["environment"]["Jwt__Key"] == "same"


def test_a_project_of_another_name_that_has_our_containers_is_read() -> None:
    facts = read(Recorded(), project="other")
    assert facts["project"] == PROJECT and len(facts["containers"]) == 8


def test_a_server_without_docker_has_nothing() -> None:
    def missing(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        raise FileNotFoundError(argv[0])

    facts = reading.read(missing, engine.inspect(missing), release_of({}), PROJECT, "/none", [])
    assert facts["containers"] == [] and facts["proxy"]["container"] == ""


def test_nothing_is_changed_by_looking() -> None:
    server = Recorded()
    read(server)
    changing = {"run", "start", "stop", "restart", "rm", "rmi", "up", "create", "cp", "pull", "build", "kill", "update", "prune"}
    assert [argv for argv in server.asked if argv[0] == "docker" and changing & set(argv[1:3])] == []


def test_jobs_are_told_without_what_may_be_secret(tmp_path: Path) -> None:
    (tmp_path / "etc/cron.d").mkdir(parents=True)
    (tmp_path / "etc/cron.d/shop").write_text(
        "PATH=/usr/bin\n# docker system prune\n0 3 * * * root PASSWORD=geheim /root/RareBooksDokploy/backup.sh\n"
        "0 4 * * 0 root docker system prune -af && docker compose -f x down\n0 5 * * * root certbot renew\n"
    )
    jobs = scheduled_read(str(tmp_path))
    assert scheduled.about(jobs, ["/root/RareBooksDokploy"]) == [
        "/etc/cron.d/shop: /root/RareBooksDokploy/backup.sh",
        "/etc/cron.d/shop: docker prune",
        "/etc/cron.d/shop: docker compose down",
    ]


scheduled_read = scheduled.read


def test_a_secret_that_would_be_generated_changes() -> None:
    assert one(read(Recorded()), "rarebooks_backend")["environment"]["Jwt__Key"] == "changes"


def test_every_key_of_its_own_compose_file_is_compared(placed: Recorded) -> None:
    placed.own = {"backend": {"shm_size": "1g", "environment": {"A": "secret"}}, "proxy": {"extra_hosts": ["bank=10.0.0.1"]}}
    placed.container("rarebooks_backend")["NetworkSettings"]["Networks"]["monitoring"] = {"Aliases": None}
    facts = read(placed)
    assert "setting rarebooks_backend shm_size" in one(facts, "rarebooks_backend")["lost"]
    assert one(facts, "nginx_container")["lost"] == ["setting nginx_container extra_hosts"]
    assert "secret" not in json.dumps(facts)
