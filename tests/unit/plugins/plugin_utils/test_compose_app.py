"""What becomes of an owner's Compose file, and what is refused of it, each with one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _app_faults, _compose_app
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_project import Stack

STACK = Stack("ours", "shared", (80, 443), ":8443")
WEB: dict[str, Any] = {"image": "blog:1"}
DATABASE = {"image": "postgres:15", "volumes": ["data:/var/lib/postgresql/data"]}
ENTRY: dict[str, Any] = {
    "name": "blog",
    "server_names": ["blog.example.org"],
    "routes": [{"path": "/", "service": "web", "port": 80}],
}


class Owner:
    """A directory with an owner's project, which may become an app."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, text: str | dict[str, Any], **entry: Any) -> dict[str, Any]:
        """Return what an entry becomes with this Compose file."""
        file = self.directory / "docker-compose.yml"
        file.write_text(text if isinstance(text, str) else yaml.safe_dump(text, sort_keys=False))
        given = {**ENTRY, "compose_file": str(file), **entry}
        return _compose_app.read(given, STACK, lambda path: Path(path).read_text())

    def app(self, text: str | dict[str, Any], **entry: Any) -> App:
        """Return the app, which has to be one that stack takes."""
        found = self.read(text, **entry)["app"]
        app, faults = _app_faults.read("app", found)
        assert app and not faults and not found["problems"], faults or found["problems"]
        return app

    def service(self, service: dict[str, Any], name: str = "web", **entry: Any) -> Any:
        """Return what becomes of a service; the project has volumes data and media."""
        return self.services({"services": {name: {**WEB, **service}}, "volumes": {"data": None, "media": None}}, **entry)[f"blog_{name}"]

    def services(self, document: str | dict[str, Any], **entry: Any) -> Any:
        return self.compose(document, **entry)["services"]

    def compose(self, document: str | dict[str, Any], **entry: Any) -> Any:
        return yaml.safe_load(self.file("compose/blog.yml", document, **entry))

    def file(self, path: str, document: str | dict[str, Any], **entry: Any) -> str:
        return next(file.content for file in self.app(document, **entry).files if file.path == path)

    def problems(self, document: str | dict[str, Any], **entry: Any) -> list[str]:
        """Return what is wrong, without the file's name."""
        found: list[str] = self.read(document, **entry)["app"]["problems"]
        start = f"{entry.get('name', 'blog')}: {entry.get('compose_file', self.directory / 'docker-compose.yml')}: "
        assert all(problem.startswith(start) for problem in found)
        return [problem.removeprefix(start) for problem in found]


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    directory = tmp_path / "Blog.Site"
    directory.mkdir()
    return Owner(directory)


REFUSED_SERVICES: list[tuple[dict[str, Any], str]] = [
    ({"build": "."}, ".build: expected an image, since nothing is built from this file on the server, got build."),
    ({"image": None}, ".image: expected the name of an image, got none."),
    ({"extends": {"service": "x"}}, ".extends: expected no such line, got one. Write the whole project into one file"),
    ({"profiles": ["debug"]}, ".profiles: expected no such line, got one. A deploy starts all services."),
    ({"configs": ["x"]}, ".configs: expected no such line, got one. Mount a file"),
    ({"secrets": ["x"]}, ".secrets: expected no such line, got one. Put the value in an environment file"),
    ({"network_mode": "host"}, ".network_mode: expected no such line, got one."),
    ({"links": ["x"]}, ".links: expected no such line, got one."),
    ({"external_links": ["x"]}, ".external_links: expected no such line, got one."),
    ({"volumes_from": ["x"]}, ".volumes_from: expected no such line, got one."),
    ({"label_file": "x"}, ".label_file: expected no such line, got one."),
    ({"provider": {"type": "x"}}, ".provider: expected no such line, got one."),
    ({"models": ["x"]}, ".models: expected no such line, got one."),
    ({"pid": "service:x"}, ".pid: expected it to be the container's own, got service:x."),
    ({"ipc": "container:x"}, ".ipc: expected it to be the container's own, got container:x."),
    ({"scale": 2}, ".scale: expected 1, since each service is one container, got 2."),
    ({"deploy": {"replicas": 3}}, ".deploy.replicas: expected 1, since each service is one container, got 3."),
    ({"restart": "no"}, ".restart: expected always or unless-stopped, since every container has to come back after a reboot"),
    ({"restart": "on-failure:3"}, ".restart: expected always or unless-stopped"),
    ({"depends_on": ["nowhere"]}, ".depends_on: expected services of this file (web), got nowhere."),
    (
        {"depends_on": {"web": {"condition": "service_completed_successfully"}}},
        ".depends_on.web: expected service_started or service_healthy, got service_completed_successfully.",
    ),
    ({"networks": ["nowhere"]}, ".networks: expected networks of this file, got nowhere."),
    ({"volumes": ["nowhere:/x"]}, ".volumes: expected volumes of this file, got nowhere."),
    ({"volumes": ["./data:/x"]}, ".volumes: expected what lies beside the Compose file to be mounted read-only, got ./data. Add :ro"),
    ({"volumes": ["./nowhere:/x:ro"]}, ".volumes: expected the file "),
    ({"volumes": ["../other:/x:ro"]}, ".volumes: expected a file in the directory of the Compose file or below it, got ../other."),
    ({"volumes": ["~/x:/x:ro"]}, ".volumes: expected a file in the directory of the Compose file or below it, got ~/x."),
    ({"volumes": "data:/x"}, ".volumes: expected a list, got something else."),
    ({"depends_on": "web"}, ".depends_on: expected a list or a dictionary, got something else."),
    ({"env_file": 5}, ".env_file: expected a text or a list or a dictionary, got something else."),
    ({"env_file": "nowhere.env"}, ".env_file: expected the file "),
    ({"env_file": {"path": "x.env", "format": "raw"}}, ".env_file: expected an environment file in Compose's own format"),
]


@pytest.mark.parametrize(
    ("service", "told"), REFUSED_SERVICES, ids=[told.split(":")[0] + str(n) for n, (_s, told) in enumerate(REFUSED_SERVICES)]
)
def test_a_service_that_is_refused(owner: Owner, service: dict[str, Any], told: str) -> None:
    (problem,) = owner.problems({"services": {"web": {**WEB, **service}}})
    assert problem.startswith(f"services.web{told}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("services: [", "while parsing a flow"),
        ("- a", "expected a Compose file with services in it, got something else."),
        ("services: {}", "services: expected at least one service, got none."),
        ("services: {web: x}", "services.web: expected a dictionary."),
        (
            "services: {web: {image: a}}\ninclude: [x.yml]",
            "include: expected only name, services, volumes, networks, version, got include. Write",
        ),
        ("services: {web: {image: a}}\nconfigs: {}", "configs: expected only"),
        ("services: {web: {image: a}}\nsecrets: {}", "secrets: expected only"),
        ("services: {web: {image: a}}\nvolums: {}", "volums: expected only"),
        ("services: {web: {image: a}}\nvolumes: [x]", "volumes: expected a dictionary"),
        ("services: {web: {image: 'a:${TAG}'}}", "expected a value of the variable TAG, got none"),
        ("services: {web: {image: a, command: 'echo $1'}}", "expected the name of a variable after a dollar"),
    ],
)
def test_a_file_that_is_refused(owner: Owner, text: str, told: str) -> None:
    (problem,) = owner.problems(text)
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"name": "My-Blog"}, "expected a name of lower-case letters, digits and _, got My-Blog."),
        ({"compose_file": "blog/docker-compose.yml"}, "expected an absolute path in compose_file, got another one."),
        ({"routes": [{"path": "/", "service": "wep", "port": 80}]}, "routes: expected services of this file (web), got wep."),
        ({"routes": [{"path": "x y", "service": "web", "port": 80}]}, "routes: expected a path that begins with a slash"),
        ({"routes": [*ENTRY["routes"], *ENTRY["routes"]]}, "routes: expected each path once, got / again."),
        ({"routes": [{**ENTRY["routes"][0], "read_timeout": "1 hour"}]}, "routes: expected a time as nginx writes it, such as 60s, got"),
        ({"databases": [{"service": "db", "name": "a", "user": "a"}]}, "databases: expected services of this file (web), got db."),
        ({"databases": [{"service": "web", "name": "a", "user": "a"}]}, "services.web.volumes: expected a volume at /var/lib/postgresql"),
        ({"secrets": [{"key": "A-B"}]}, "secrets: expected the name of a variable, got A-B."),
        ({"images": {"wep": "a:1"}}, "images: expected services of this file (web), got wep."),
    ],
)  # fmt: skip
def test_an_entry_that_is_refused(owner: Owner, entry: dict[str, Any], told: str) -> None:
    (problem,) = owner.problems({"services": {"web": WEB}}, **entry)
    assert problem.startswith(told)


def test_all_problems_are_told_at_once(owner: Owner) -> None:
    found = owner.problems({"services": {"web": {"build": ".", "links": ["x"]}, "db": {"restart": "no"}}, "secrets": {"a": {}}})
    assert len(found) == 5


def test_a_file_of_windows_with_an_old_version_is_read(owner: Owner) -> None:
    text = "\ufeffversion: '3'\r\nx-a: &a {image: blog:1}\r\nservices: {web: {<<: *a, environment: [A=on], command: [x, 22:30]}}\r\n"
    service = owner.services(text)["blog_web"]
    assert service["image"] == "blog:1" and service["environment"] == {"A": "on"} and service["command"] == ["x", "22:30"]


def test_names_are_those_of_another_project_today(owner: Owner) -> None:
    document = {
        "services": {"web": {**WEB, "depends_on": ["db"]}, "db": {**DATABASE, "container_name": "blog_base"}},
        "volumes": {"data": None},
    }
    compose = owner.compose(document)
    web, database = compose["services"]["blog_web"], compose["services"]["blog_db"]
    assert (web["container_name"], database["container_name"]) == ("blogsite-web-1", "blog_base")
    assert web["depends_on"] == ["blog_db"] and database["networks"] == {"blog_default": {"aliases": ["db"]}}
    assert compose["volumes"] == {"blogsite_data": {"name": "blogsite_data"}} and database["volumes"] == [
        "blogsite_data:/var/lib/postgresql/data"
    ]
    app = owner.app(document)
    assert app.containers == ("blogsite-web-1", "blog_base") and app.volumes == app.unprefixed_volumes == ("blogsite_data",)


def test_names_of_our_own_project_stay(owner: Owner) -> None:
    document = {
        "services": {"web": {**WEB, "networks": ["shared"], "volumes": ["data:/x"]}},
        "volumes": {"data": None},
        "networks": {"shared": {"external": True}},
    }
    compose = owner.compose(document, project="ours")
    assert list(compose["services"]) == ["web"] and compose["volumes"] == {"data": None}
    assert compose["services"]["web"]["networks"] == {"rarebooks_network": None} and list(compose["networks"]) == ["rarebooks_network"]
    app = owner.app(document, project="ours")
    assert app.containers == ("ours-web-1",) and app.volumes == ("data",) and app.unprefixed_volumes == ()


@pytest.mark.parametrize(
    ("definition", "name", "written"),
    [
        ({"name": "pictures"}, "pictures", {"name": "pictures"}),
        ({"external": True}, "data", {"external": True, "name": "data"}),
        ({"external": True, "name": "x"}, "x", {"external": True, "name": "x"}),
        ({"driver": "local"}, "blogsite_data", {"driver": "local", "name": "blogsite_data"}),
    ],
)
def test_a_volume_keeps_its_name_on_the_server(owner: Owner, definition: dict[str, Any], name: str, written: dict[str, Any]) -> None:
    document = {
        "services": {"web": {**WEB, "volumes": [{"type": "volume", "source": "data", "target": "/x"}]}},
        "volumes": {"data": definition},
    }
    assert owner.compose(document)["volumes"] == {name: written} and owner.app(document).volumes == (name,)
    assert owner.services(document)["blog_web"]["volumes"] == [{"type": "volume", "source": name, "target": "/x"}]


@pytest.mark.parametrize(
    ("given", "found"),
    [({"project": "mine"}, "mine-web-1"), ({}, "of_env-web-1")],
)
def test_the_project_is_what_compose_takes_for_it(owner: Owner, given: dict[str, Any], found: str) -> None:
    (owner.directory / ".env").write_text("COMPOSE_PROJECT_NAME=of_env\n")
    assert owner.app({"name": "of_file", "services": {"web": WEB}}, **given).containers == (found,)
    (owner.directory / ".env").unlink()
    assert owner.app({"name": "of_file", "services": {"web": WEB}}).containers == ("of_file-web-1",)


def test_what_the_file_does_not_say_is_added_and_what_it_says_stays(owner: Owner) -> None:
    service = owner.service({})
    assert service["restart"] == "unless-stopped" and service["logging"]["options"]["max-size"] == "10m" and "healthcheck" not in service
    own = {"restart": "always", "logging": {"driver": "journald"}, "healthcheck": {"test": "echo $$HOME"}, "mem_limit": "1g"}
    assert {key: owner.service(own)[key] for key in own} == own


def test_ports_of_the_world_are_left_out_and_told(owner: Owner) -> None:
    ports = ["8080:80", "127.0.0.1:9000:9000", "[::1]:9001:9001", {"target": 1, "published": "5000", "host_ip": "0.0.0.0"}, 3000]
    assert owner.service({"ports": ports})["ports"] == ["127.0.0.1:9000:9000", "[::1]:9001:9001"]
    notes = owner.app({"services": {"web": {**WEB, "ports": ports}}}).notes
    assert [note.partition("ports: ")[2].partition(" is not")[0] for note in notes] == ["8080:80", "5000:1", "3000"]
    assert owner.service({"ports": ports}, publish=True)["ports"] == ports
    assert "ports" not in owner.service({"ports": ports[:1]}, publish="false")


@pytest.mark.parametrize("port", ["443:443", "400-500:400-500", {"target": 1, "published": 80}])
def test_the_proxys_ports_are_refused(owner: Owner, port: Any) -> None:
    (problem,) = owner.problems({"services": {"web": {**WEB, "ports": [port]}}}, publish=True)
    assert problem.startswith("services.web.ports: expected other ports than the proxy's")


def test_only_services_with_a_route_are_on_the_shared_network(owner: Owner) -> None:
    services = owner.services({"services": {"web": WEB, "worker": WEB}})
    assert list(services["blog_web"]["networks"]) == ["blog_default", "rarebooks_network"]
    assert list(services["blog_worker"]["networks"]) == ["blog_default"]


def test_a_dollar_of_a_mount_stays_one(owner: Owner) -> None:
    (owner.directory / ".env").write_text("MEDIA=media\n")
    assert owner.service({"volumes": ["${MEDIA}:/a$$b:ro"]})["volumes"] == ["blogsite_media:/a$$b:ro"]


def test_networks_of_its_own_keep_their_settings(owner: Owner) -> None:
    document = {
        "services": {"web": {**WEB, "networks": {"back": {"aliases": ["www"], "priority": 3}}}},
        "networks": {"back": {"internal": True}, "other": {"external": True}},
    }
    compose = owner.compose(document)
    assert compose["services"]["blog_web"]["networks"]["blog_back"] == {"aliases": ["web", "www"], "priority": 3}
    assert compose["networks"]["blog_back"] == {"internal": True}
    assert compose["networks"]["rarebooks_network"] == {"name": "shared", "external": True}


def test_files_beside_it_come_along_and_another_content_is_another_configuration(owner: Owner) -> None:
    (owner.directory / "conf/sub").mkdir(parents=True)
    (owner.directory / "conf/sub/a.ini").write_text("one")
    document = {"services": {"web": {**WEB, "labels": ["a=b"], "volumes": ["./conf/:/etc/blog:ro", "/etc/localtime:/etc/localtime:ro"]}}}
    before = owner.services(document)["blog_web"]
    assert before["volumes"] == ["./files/blog/conf:/etc/blog:ro", "/etc/localtime:/etc/localtime:ro"] and before["labels"]["a"] == "b"
    assert owner.file("files/blog/conf/sub/a.ini", document) == "one"
    (owner.directory / "conf/sub/a.ini").write_text("two")
    assert owner.services(document)["blog_web"]["labels"] != before["labels"]
    (owner.directory / "conf/sub/a.ini").write_bytes(b"\xff\xfe")
    (problem,) = owner.problems(document)
    assert "expected text in UTF-8" in problem


def test_environment_files_are_private_and_come_along(owner: Owner) -> None:
    (owner.directory / "conf").mkdir()
    (owner.directory / "conf/web").write_text("# mine\nA=1\n")
    document = {"services": {"web": {**WEB, "env_file": ["./conf/web", {"path": "none.env", "required": False}]}}}
    assert owner.services(document)["blog_web"]["env_file"] == ["./env/blog/conf_web.env"]
    assert [(file.path, file.content, file.private) for file in owner.app(document).files[1:]] == [("env/blog/conf_web.env", "A=1\n", True)]


def test_two_environment_files_do_not_become_one(owner: Owner) -> None:
    (owner.directory / "conf").mkdir()
    for path in ("conf/app.env", "conf_app.env"):
        (owner.directory / path).write_text(f"A={path}\n")
    document = {"services": {"web": {**WEB, "env_file": "./conf/app.env"}, "worker": {**WEB, "env_file": "conf_app.env"}}}
    told = "got conf/app.env and conf_app.env. Rename one of them."
    assert [told in one for one in owner.problems(document)] == [True]
    document["services"]["worker"]["env_file"] = "conf/app.env"
    assert owner.problems(document) == []


def test_a_secret_is_a_reference_wherever_its_variable_is(owner: Owner) -> None:
    (owner.directory / ".env").write_text("export DB_PASSWORD='pa$$ word 123'\nTAG=7\n")
    (owner.directory / "web.env").write_text("SESSION_KEY=0123456789abcdef # mine\n")
    document = {
        "services": {
            "web": {
                "image": "blog:${TAG}",
                "env_file": "web.env",
                "environment": ["DB=Host=db;Password=${DB_PASSWORD}", "TOKEN=literal-token"],
            },
            "db": {**DATABASE, "environment": {"POSTGRES_PASSWORD": "${DB_PASSWORD:?}"}},
        },
        "volumes": {"data": None},
    }
    keys = [{"key": "DB_PASSWORD", "database": "db"}, {"key": "SESSION_KEY"}, {"key": "TOKEN"}, {"key": "NEW", "length": 64}]
    given = {"secrets": keys, "databases": [{"service": "db", "name": "blog", "user": "blog"}]}
    app = owner.app(document, **given)
    assert [(one.name, one.value, one.fixed, one.database, one.length) for one in app.secrets] == [
        ("blog_db_password", "pa$$ word 123", True, "blogsite-db-1", 32),
        ("blog_session_key", "0123456789abcdef", False, "", 32),
        ("blog_token", "literal-token", False, "", 32),
        ("blog_new", "", False, "", 64),
    ]
    assert owner.file("env/blog/web.env", document, **given) == "SESSION_KEY=@secret(blog_session_key)@\n"
    lines = owner.file("env/blog.env", document, **given).splitlines()
    assert lines[:2] == ["blog__DB_PASSWORD=@secret(blog_db_password)@", "blog__TAG=7"]
    assert "blog__TOKEN=@secret(blog_token)@" in lines
    web = owner.services(document, **given)["blog_web"]
    assert web["environment"] == {"DB": "Host=db;Password=${blog__DB_PASSWORD}", "TOKEN": "${blog__TOKEN}"} and web["image"] == "blog:7"
    assert app.environment_file == "env/blog.env" and not [
        file for file in app.files if "pa$$" in file.content or "literal" in file.content
    ]


def test_a_secret_with_two_values_is_refused_unless_one_is_given(owner: Owner) -> None:
    services = {name: {**WEB, "environment": {"TOKEN": name}} for name in ("web", "api")}
    (problem,) = owner.problems({"services": services}, secrets=[{"key": "TOKEN"}])
    assert problem.startswith("secrets: expected one value of TOKEN, got 2 that differ") and "'web'" not in problem
    assert owner.app({"services": services}, secrets=[{"key": "TOKEN", "value": "given"}]).secrets[0].value == "given"


def test_an_image_of_the_entry_takes_the_place_of_what_is_built(owner: Owner) -> None:
    service = owner.service({"build": "."}, images={"web": "registry.example.org/blog:2"})
    assert service["image"] == "registry.example.org/blog:2" and "build" not in service


def test_routes_ask_containers_by_their_names(owner: Owner) -> None:
    [route] = owner.read({"services": {"web": WEB}})["routes"]
    assert route["upstream"] == "http://blogsite-web-1:80" and route["read_timeout"] == "60s"


def test_the_usual_probe_is_the_front_page(owner: Owner) -> None:
    assert [probe.url for probe in owner.app({"services": {"web": WEB}}).checks] == ["https://blog.example.org:8443/"]


def test_variables_are_no_others_than_the_apps_own(owner: Owner) -> None:
    """Compose looks into the project's directory and its own environment first: a variable of the same name there is another app's."""
    (owner.directory / ".env").write_text("A=1\nB=x ${A}\nURL=postgres://u:${KEY}@db\nKEY=0123456789ab\n")
    (owner.directory / "web.env").write_text("C=$B\nKEY=${KEY}\n")
    service = {**WEB, "env_file": "web.env", "environment": ["A", "U=${URL:-none}", "D=$$A"], "command": ["${N:-$A}", 5]}
    given = {"secrets": [{"key": "KEY"}]}
    web = owner.services({"services": {"web": service}}, **given)["blog_web"]
    assert web["environment"] == {"A": "${blog__A}", "U": "${blog__URL:-none}", "D": "$$A"} and web["command"] == [
        "${blog__N:-${blog__A}}",
        5,
    ]
    lines = owner.file("env/blog.env", {"services": {"web": service}}, **given).splitlines()
    assert lines == ["blog__A=1", "blog__B=x 1", "blog__URL=postgres://u:@secret(blog_key)@@db", "blog__KEY=@secret(blog_key)@"]
    assert owner.file("env/blog/web.env", {"services": {"web": service}}, **given) == "C=x 1\nKEY=@secret(blog_key)@\n"
    assert owner.app({"services": {"web": service}}, **given).secrets[0].value == "0123456789ab"
