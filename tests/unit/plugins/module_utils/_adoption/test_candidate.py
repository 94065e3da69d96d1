"""The candidate of a proxy: how it is started, and that it goes away, whatever happens."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import candidate
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption.candidate import CandidateError


class Docker:
    """Answers as Docker's command line does, for one container."""

    def __init__(self, status: str = "running", fails: str = "", left: str = "") -> None:
        self.status, self.fails, self.left = status, fails, left
        self.commands: list[str] = []

    def __call__(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        command = " ".join(argv)
        self.commands.append(command)
        if self.fails and self.fails in command:
            return 1, "", "Error response from daemon: no"
        networks = {"shop": {"IPAddress": "127.0.0.1"}}
        inspected = [{"State": {"Status": self.status}, "NetworkSettings": {"Networks": networks}}]
        answers = {"docker ps": self.left, "docker create": "abc\n", "docker container inspect": json.dumps(inspected)}
        return 0, next((text for start, text in answers.items() if command.startswith(start)), "nginx: [emerg] no"), ""


@pytest.fixture(autouse=True)
def accepts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(candidate.socket, "create_connection", lambda *_arguments: socket.socket())
    monkeypatch.setattr(candidate, "_READY_SECONDS", 0.2)
    yield


def start(docker: Docker, tmp_path: Path, networks: tuple[str, ...] = ("shop", "other")) -> dict[str, Any]:
    mounts = {"/etc/letsencrypt": str(tmp_path), "/var/www/certbot": str(tmp_path / "none")}
    with candidate.started(docker, "nginx:1", networks, "/tree", mounts, 60) as inspected:
        return inspected


def test_it_publishes_nothing_and_ends_by_itself(tmp_path: Path) -> None:
    docker = Docker()
    start(docker, tmp_path)
    created = next(one for one in docker.commands if one.startswith("docker create"))
    assert "--network shop " in created and "--entrypoint timeout nginx:1 60 nginx" in created and "--publish" not in created
    assert f"source={tmp_path},target=/etc/letsencrypt,readonly" in created and "certbot" not in created
    assert "docker network connect other abc" in docker.commands


@pytest.mark.parametrize("docker", [Docker(), Docker(fails="network connect"), Docker(fails="docker start"), Docker("exited")])
def test_it_is_removed_whatever_happens(docker: Docker, tmp_path: Path) -> None:
    try:
        start(docker, tmp_path)
    except CandidateError:
        assert docker.fails or docker.status == "exited"
    assert docker.commands[-1] == "docker rm --force --volumes abc"


def test_one_that_a_killed_run_left_is_removed_first(tmp_path: Path) -> None:
    docker = Docker(left="old1\nold2\n")
    start(docker, tmp_path)
    assert docker.commands[1:3] == ["docker rm --force --volumes old1", "docker rm --force --volumes old2"]


@pytest.mark.parametrize(
    ("docker", "message"),
    [
        (Docker(fails="docker create"), "cannot be created. Docker answers: Error response"),
        (Docker("exited"), r"refuses the configuration of the release: nginx: \[emerg\] no"),
    ],
)
def test_why_there_is_none_is_told(docker: Docker, message: str, tmp_path: Path) -> None:
    with pytest.raises(CandidateError, match=message):
        start(docker, tmp_path)


def test_one_that_accepts_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(candidate.socket, "create_connection", refused)
    with pytest.raises(CandidateError, match="expected it to accept connections on port 80"):
        start(Docker(), tmp_path)


def test_a_proxy_that_does_not_run_or_has_no_address_is_named() -> None:
    with pytest.raises(CandidateError, match="nginx_container: expected it running, got exited"):
        candidate.running(Docker("exited"), "nginx_container")
    with pytest.raises(CandidateError, match="got the networks host without one"):
        candidate.address({"NetworkSettings": {"Networks": {"host": {"IPAddress": ""}}}}, "nginx_container")


def test_its_tree_has_what_somebody_put_beside_the_live_one(tmp_path: Path) -> None:
    (tmp_path / "nginx").mkdir()
    for name in ("archive.htpasswd", "old.conf"):
        (tmp_path / "nginx" / name).write_text("by hand")
    with candidate.tree({"nginx.conf": "a", "sites/b.conf": "b"}, str(tmp_path), str(tmp_path)) as tree:
        found = {str(path.relative_to(tree)): path.read_text() for path in Path(tree).rglob("*") if path.is_file()}
    assert found == {"nginx.conf": "a", "sites/b.conf": "b", "archive.htpasswd": "by hand"}
    assert not Path(tree).exists()
