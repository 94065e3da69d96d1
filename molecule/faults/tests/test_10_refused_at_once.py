"""A server and an inventory with which nearly everything is wrong: one run tells it all, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import certificates
import pytest
import server
from deployment import Deploy
from operators import Deployer

BREAK = """
cp -P /etc/os-release /etc/os-release.sound
rm /etc/os-release
sed 's/^VERSION_ID=.*/VERSION_ID="9"/' /usr/lib/os-release > /etc/os-release
cp -p /etc/docker/daemon.json /etc/docker/daemon.json.sound
echo '{"log-driver": ' > /etc/docker/daemon.json
docker volume create otherproject_db_books_data
docker run --detach --name somebody --publish 8443:80 nginx:stable-alpine
systemd-run --unit=somebody --collect python3 -m http.server 8081
until python3 -c 'import socket; socket.create_connection(("127.0.0.1", 8081))'; do sleep 0.1; done
"""
MEND = """
systemctl stop somebody || true
docker rm --force --volumes somebody
docker volume rm --force otherproject_db_books_data
mv -f /etc/docker/daemon.json.sound /etc/docker/daemon.json
mv -f /etc/os-release.sound /etc/os-release
"""
SHORT, ODD = "tiny-secret", "a-secret-with-a-\t-in-it"
LEVELS = ["-vvv", "--diff"]
PROBLEMS = [
    "Operating system: expected one of debian 12, debian 13, ubuntu 22.04, ubuntu 24.04, got debian 9. Use a supported system.",
    "Disk: expected at least 99999999 MiB free for /opt/rarebooks, got ",
    "Memory: expected at least 88888888 MiB, got ",
    "Port 8081: expected it free, got python3 (pid ",
    "Port 8443: expected it free or ours, got container somebody of Compose project (none). Stop that container, or ",
    "/etc/docker/daemon.json: expected JSON, got a file that does not parse (",
    "May Messenger: expected exactly one of maymessenger_backend_archive, maymessenger_backend_source, maymessenger_backend_image, "
    "got none. Set one of them in the inventory.",
    "rarebooks_server_names: expected host names such as www.example.org, got 'not a name'.",
    "Server name www.rare-books.ru: expected it in one site, got it in rarebooks_server_names and maymessenger_server_names. "
    "Take it out of all but one.",
    "rarebooks_books_db_password: expected at least 12 characters, got 11. Remove it from the inventory, and the server generates one.",
    "rarebooks_users_db_password: expected one line without control characters",
    "Volumes: expected names that begin with rarebooksdokploy_, got otherproject_db_books_data. ",
    "Certificate messenger.rare-books.ru: expected the key that belongs to ",
    "Certificate rare-books.ru: expected a valid certificate, got one that expired on ",
    "Certificate rare-books.ru: expected it to cover www.rare-books.ru, not a name, got rare-books.ru. ",
]


@pytest.fixture(scope="module")
def _broken_server() -> Iterator[None]:
    try:
        server.shell(BREAK)
        yield
    finally:
        server.shell(MEND)


@pytest.fixture(scope="module")
def run(_broken_server: None, refused: Deployer, tmp_path_factory: pytest.TempPathFactory) -> Deploy:
    directory = tmp_path_factory.mktemp("certificates")
    variables: dict[str, Any] = {
        "stack_min_disk": 99999999,
        "stack_min_memory": 88888888,
        "proxy_http_port": 8081,
        "proxy_https_port": 8443,
        "maymessenger_backend_source": "",
        "maymessenger_server_names": ["messenger.rare-books.ru", "www.rare-books.ru"],
        "rarebooks_server_names": ["www.rare-books.ru", "not a name"],
        "rarebooks_books_db_password": SHORT,
        "rarebooks_users_db_password": ODD,
        "certificates_mode": "provided",
        "certificates_provided": {
            "rare-books.ru": certificates.write(directory, "expired", "rare-books.ru", expired=True),
            "messenger.rare-books.ru": certificates.write(directory, "other-key", "*.rare-books.ru", other_key=True),
        },
    }
    return refused(variables, *LEVELS, given=[SHORT, ODD])


def test_nothing_was_changed(run: Deploy) -> None:
    assert run.recap()["changed"] == 0 and run.recap()["failed"] == 1
    assert run.message().startswith("Nothing has been changed. Before a deploy can start:\n- ")


def test_all_problems_are_told_and_no_other(run: Deploy) -> None:
    told = [line.removeprefix("- ") for line in run.message().splitlines()[1:]]
    assert [problem for problem, beginning in zip(told, PROBLEMS, strict=True) if not problem.startswith(beginning)] == []


def test_names_that_do_not_resolve_are_only_warned_of(run: Deploy) -> None:
    assert "[WARNING]: messenger.rare-books.ru resolves to nothing, not to an address of this server." in run.output
    assert "resolves to nothing" not in run.message()
