"""What Docker's command line says of a server, from recorded output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._server import engine as server_docker


class CommandLine:
    """Answers of programs by the beginning of the command; any other program is missing."""

    def __init__(self, **answers: str | int | tuple[int, str, str]) -> None:
        self._answers = answers

    def __call__(self, argv: list[str], **options: Any) -> tuple[int, str, str]:
        assert options == {"handle_exceptions": False}
        for words, answer in self._answers.items():
            if argv[: words.count("_") + 1] == words.split("_"):
                if isinstance(answer, tuple):
                    return answer
                return (answer, "out of use", "failed") if isinstance(answer, int) else (0, answer, "")
        raise FileNotFoundError(argv[0])


DEBIAN = {
    "docker_version": "26.1.5+dfsg1\n",
    "docker_compose": "2.26.1-4\n",
    "docker_buildx": "github.com/docker/buildx 0.13.1\n",
    "docker_info": json.dumps(
        {
            "Swarm": {"LocalNodeState": "inactive"},
            "LiveRestoreEnabled": True,
            "ContainersRunning": 7,
            "ClientInfo": {"Context": "default"},
        }
    ),
    "dpkg-query": "bash ii \ndocker-cli ii \ndocker-compose ii \ndocker.io ii \ndocker-ce un \niptables ii \n",
    "systemctl": "LoadState=loaded\nUnitFileState=enabled\nMainPID=0\nExecStart={ path=/usr/sbin/dockerd ; "
    "argv[]=/usr/sbin/dockerd -H fd:// --containerd=/run/x.sock ; ignore_errors=no ; pid=0 }\n",
}


def test_engine_of_the_distribution() -> None:
    assert server_docker.Docker(CommandLine(**DEBIAN)).engine() == {
        "packages": ["docker-cli", "docker-compose", "docker.io", "iptables"],
        "package": "docker.io",
        "version": "26.1.5",
        "compose_version": "2.26.1",
        "buildx": True,
        "enabled": True,
        "unit": True,
        "flags": ["-H", "--containerd"],
        "swarm": False,
        "live_restore": True,
        "running": 7,
        "context": "default",
    }


@pytest.mark.parametrize(
    ("answers", "key", "expected"),
    [
        ({"dpkg-query": "docker-ce ii \ndocker-ce-cli ii \n"}, "package", "docker-ce"),
        # Removed, its configuration still there.
        ({"dpkg-query": "docker.io rc \n"}, "package", ""),
        ({"dpkg-query": 1}, "package", ""),
        ({"docker_version": 1}, "version", ""),
        ({"docker_compose": "v2.29.7\n"}, "compose_version", "2.29.7"),
        ({"docker_compose": 125}, "compose_version", ""),
        ({"docker_buildx": 1}, "buildx", False),
        ({"dpkg-query": "podman ii \npodman-docker ii \n"}, "package", "podman-docker"),
        ({"systemctl": "LoadState=loaded\nUnitFileState=disabled\n"}, "enabled", False),
        ({"systemctl": "LoadState=not-found\n"}, "unit", False),
        ({"systemctl": 1}, "enabled", False),
        ({"docker_info": '{"Swarm": {"LocalNodeState": "active"}}'}, "swarm", True),
        # Locked after a restart: still a node, and still without live-restore.
        ({"docker_info": '{"Swarm": {"LocalNodeState": "locked"}}'}, "swarm", True),
        ({"docker_info": '{"ClientInfo": {"Context": "rootless"}}'}, "context", "rootless"),
        # Podman's answer, and no answer.
        ({"docker_info": '{"host": {"arch": "amd64"}}'}, "running", 0),
        ({"docker_info": "Cannot connect to the Docker daemon"}, "swarm", False),
        ({"docker_info": 1}, "context", ""),
    ],
)
def test_other_engines(answers: dict[str, Any], key: str, expected: Any) -> None:
    assert server_docker.Docker(CommandLine(**{**DEBIAN, **answers})).engine()[key] == expected


def test_a_server_without_docker_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_docker, "VOLUMES", "/nowhere/*/_data")
    docker = server_docker.Docker(CommandLine())
    assert not any(docker.engine().values())
    assert (docker.networks(), docker.volumes(), docker.published([80])) == ({}, {}, {})
    assert docker.images([]) == {"images": [], "builds": [], "images_lost": {}}


def test_networks_by_name() -> None:
    found = [{"Name": "bridge", "Driver": "bridge"}, {"Name": "rarebooks_network", "Driver": "macvlan"}]
    answers = {"docker_network_ls": "bridge\nrarebooks_network\n", "docker_network_inspect": json.dumps(found)}
    assert server_docker.Docker(CommandLine(**answers)).networks()["rarebooks_network"]["Driver"] == "macvlan"


@pytest.mark.parametrize(("output", "expected"), [('[{"Name": "bridge"}]\n', ["bridge"]), ("[]\n", []), ("", [])])
def test_a_network_that_goes_once_it_is_listed_hides_no_other(output: str, expected: list[str]) -> None:
    gone = (1, output, "Error response from daemon: network job_default not found")
    docker = server_docker.Docker(CommandLine(docker_network_ls="bridge\njob_default\n", docker_network_inspect=gone))
    assert list(docker.networks()) == expected


def test_volumes() -> None:
    docker = server_docker.Docker(CommandLine(docker_volume="b\t/d/b/_data\na\t\n"))
    assert docker.volumes() == {"a": "", "b": "/d/b/_data"}


# What Docker 26 prints for images with and without tag, digest, labels.
OURS, THEIRS, BARE = (
    '["sha256:93","TAGS",[],{"rarebooks.platform.project":"shop","rarebooks.platform.source":"c25f"},3145728]'.replace(
        '"TAGS"', '["chat:c25f","shop-backup:20261125_213257-93"]'
    ),
    '["sha256:39",["postgres:15"],["postgres@sha256:12"],null,7]',
    '["sha256:05",null,null,{"rarebooks.platform.project":"shop"},7]',
)
RUNNING = [
    {"asked_for": name, "image": image}
    for name, image in {
        "chat:c25f": "sha256:93",
        "docker.io/library/postgres:15": "sha256:39",
        "web": "sha256:77",
        "sha256:05": "sha256:05",
        "db@sha256:1": "sha256:39",
    }.items()
]


def test_an_image_that_goes_once_it_is_listed_hides_no_other() -> None:
    gone = (1, f"{THEIRS}\n", "Error response from daemon: No such image: sha256:93")
    docker = server_docker.Docker(CommandLine(docker_image_ls="sha256:93\nsha256:39\n", docker_image_inspect=gone))
    assert docker.images(RUNNING)["images_lost"].keys() == {"chat:c25f", "web"}


def test_names_of_images_what_a_deploy_built_and_what_has_lost_its_name() -> None:
    docker = server_docker.Docker(
        CommandLine(
            docker_image_ls="sha256:93\nsha256:39\nsha256:39\nsha256:05\n",
            docker_image_inspect=f"{OURS}\n{THEIRS}\n{BARE}\n",
        )
    )
    assert docker.images(RUNNING) == {
        "images": [
            "chat:c25f",
            "postgres:15",
            "postgres@sha256:12",
            "sha256:05",
            "sha256:39",
            "sha256:93",
            "shop-backup:20261125_213257-93",
        ],
        "builds": [
            {"id": "sha256:93", "names": ["chat:c25f", "shop-backup:20261125_213257-93"], "project": "shop", "source": "c25f", "size": 3},
            {"id": "sha256:05", "names": [], "project": "shop", "source": "", "size": 0},
        ],
        "images_lost": {"web": "sha256:77"},
    }


def test_volumes_are_there_also_while_no_engine_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours_db_data/_data").mkdir(parents=True)
    (tmp_path / "backingFsBlockDev").touch()
    monkeypatch.setattr(server_docker, "VOLUMES", f"{tmp_path}/*/_data")
    assert server_docker.Docker(CommandLine()).volumes() == {"ours_db_data": f"{tmp_path}/ours_db_data/_data"}


def container(ports: str, name: str = "web", project: str = "", status: str = "Up 2 days (healthy)") -> dict[str, str]:
    return {"Names": name, "Ports": ports, "Project": project, "Status": status}


@pytest.mark.parametrize(
    ("ports", "published"),
    [
        ("0.0.0.0:80->80/tcp, [::]:80->80/tcp", ["80"]),
        (":::443->443/tcp", ["443"]),
        ("0.0.0.0:8080->80/tcp", []),
        ("0.0.0.0:180->80/tcp", []),
        ("127.0.0.1:80->8080/tcp, 0.0.0.0:443->8443/tcp", ["443", "80"]),
        ("80/tcp, 443/tcp", []),
        ("", []),
    ],
)
def test_published_ports(ports: str, published: list[str]) -> None:
    assert sorted(server_docker.published_ports([container(ports)], [80, 443])) == published


def test_published_ports_name_their_container() -> None:
    rows = [container("0.0.0.0:80->80/tcp", "nginx_container", "ours"), container("0.0.0.0:443->443/tcp", "web")]
    output = "\n".join(json.dumps(row) for row in rows)
    assert server_docker.Docker(CommandLine(docker_ps=output)).published([80, 443]) == {
        "80": {"container": "nginx_container", "project": "ours"},
        "443": {"container": "web", "project": ""},
    }


@pytest.mark.parametrize("bindings", [{"80/tcp": [{"HostIp": "", "HostPort": "80"}], "443/tcp": [{"HostIp": "::", "HostPort": "443"}]}])
def test_a_container_in_a_crash_loop_is_known_by_what_it_was_made_to_publish(bindings: dict[str, Any]) -> None:
    """Docker shows no ports of it, while docker-proxy may listen at the moment at which the listeners were read."""
    row = container("", "nginx_container", "ours", "Restarting (1) 24 seconds ago")
    answers = {"docker_ps": json.dumps(row), "docker_inspect": json.dumps([{"HostConfig": {"PortBindings": bindings}}])}
    ours = {"container": "nginx_container", "project": "ours"}
    assert server_docker.Docker(CommandLine(**answers)).published([80, 443, 8080]) == {"80": ours, "443": ours}
    answers["docker_inspect"] = json.dumps([{"HostConfig": {"PortBindings": None}}])
    assert server_docker.Docker(CommandLine(**answers)).published([80]) == {}


@pytest.mark.parametrize(
    ("text", "version"),
    [("2.26.1-4", "2.26.1"), ("v2.29", "2.29"), ("26.1.5+dfsg1", "26.1.5"), ("5:27.3.1-1~debian", "27.3.1"), ("dev", ""), ("", "")],
)
def test_plain_version(text: str, version: str) -> None:
    assert server_docker.plain_version(text) == version


def test_daemon_config_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_docker, "DAEMON_CONFIG", str(tmp_path / "daemon.json"))
    assert server_docker.daemon_config() == ""
    (tmp_path / "daemon.json").write_bytes(b'{"half \xff')
    assert server_docker.daemon_config() == '{"half \ufffd'


def test_a_change_of_the_daemon_config_that_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_docker, "DAEMON_CONFIG", str(tmp_path / "daemon.json"))
    assert not server_docker.daemon_config_pending()
    (tmp_path / "daemon.json.before-deploy").touch()
    assert server_docker.daemon_config_pending()


@pytest.mark.parametrize(
    ("packaged", "answers", "tried"), [("/usr/lib/python3/", True, True), ("/", True, False), ("/usr/lib/python3/", False, False)]
)
def test_a_library_is_tried_where_it_comes_from_pip(packaged: str, answers: bool, tried: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def from_env(**_options: Any) -> None:
        raise TypeError("URLs of http+docker are not supported")

    monkeypatch.setattr(docker, "from_env", from_env)
    monkeypatch.setattr(server_docker, "PACKAGED_LIBRARIES", packaged)
    found = server_docker.library(answers)
    assert found["version"] == docker.__version__ and found["path"] == str(Path(docker.__file__).parent)
    assert found["error"] == ("TypeError: URLs of http+docker are not supported" if tried else "")


def test_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_docker.importlib.util, "find_spec", lambda _name: None)
    assert server_docker.library(True) == {"version": "", "path": "", "error": ""}
