"""The disposable server: ports, keys and refusal to touch what is not ours."""

from __future__ import annotations

import socket
import stat
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from demo.common import LABEL, NETWORK, ROOT, Failure, owned, wait_until
from demo.registry import holds
from demo.server import (
    CHECKOUT_LABEL,
    address,
    belongs_here,
    check_ports,
    name_servers,
    new_key,
    packed,
    parse_publish,
    ssh_config,
    taken_ports,
    write_private,
)


def test_publish() -> None:
    assert parse_publish(["8080:80", "8443:443"]) == {80: 8080, 443: 8443}


@pytest.mark.parametrize("value", ["8080", "8080:", ":80", "a:b", "127.0.0.1:8080:80"])
def test_publish_refused(value: str) -> None:
    with pytest.raises(Failure, match="expected HOST_PORT:PORT"):
        parse_publish([value])


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert taken_ports([port]) == [port]
        with pytest.raises(Failure, match=f"Port {port} on 127.0.0.1 is in use"):
            check_ports({80: port})
    check_ports({80: port})


def test_ssh_config_is_what_ssh_understands(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "ssh_config").write_text(ssh_config("rarebooks-lab", 2222, folder))
    answer = subprocess.run(["ssh", "-G", "-F", str(folder / "ssh_config"), "rarebooks-lab"], capture_output=True, text=True, check=True)
    settings = dict(line.split(" ", 1) for line in answer.stdout.splitlines() if " " in line)
    assert settings["hostname"] == "127.0.0.1"
    assert settings["port"] == "2222"
    assert settings["user"] == "root"
    assert settings["stricthostkeychecking"] in ("true", "yes")
    assert settings["identityfile"].strip('"') == str(folder / "id_ed25519")


def test_keys_are_a_pair_for_ssh(tmp_path: Path) -> None:
    private, public = new_key()
    write_private(tmp_path / "key", private)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    derived = subprocess.run(["ssh-keygen", "-y", "-f", str(tmp_path / "key")], capture_output=True, check=True)
    assert derived.stdout.split()[:2] == public.split()


def test_write_private_narrows_an_open_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)


def test_packed_keeps_modes() -> None:
    with tarfile.open(fileobj=BytesIO(packed({"etc/key": (0o600, b"k")}))) as archive:
        (entry,) = archive.getmembers()
    assert (entry.name, entry.mode, entry.uid) == ("etc/key", 0o600, 0)


def test_things_of_others_are_refused() -> None:
    owned({LABEL: "server"}, "Container rarebooks-demo")
    with pytest.raises(Failure, match="Container rarebooks-demo exists, but this project did not make it"):
        owned({}, "Container rarebooks-demo")


def test_servers_of_other_checkouts_are_refused(tmp_path: Path) -> None:
    belongs_here({CHECKOUT_LABEL: str(ROOT)}, "rarebooks-demo")
    with pytest.raises(Failure, match=f"belongs to the checkout {tmp_path}"):
        belongs_here({CHECKOUT_LABEL: str(tmp_path)}, "rarebooks-demo")


def test_the_server_of_a_deleted_checkout_is_free(tmp_path: Path) -> None:
    belongs_here({CHECKOUT_LABEL: str(tmp_path / "deleted")}, "rarebooks-demo")


class Containers:
    """An engine that knows one server."""

    def __init__(self, known: str, networks: dict[str, Any]) -> None:
        self.containers, self.known = self, known
        self.labels, self.attrs = {LABEL: "server"}, {"NetworkSettings": {"Networks": networks}}

    def get(self, name: str) -> Containers:
        if name != self.known:
            raise NotFound(name)
        return self


def test_a_server_asks_another_one_for_names() -> None:
    client: Any = Containers("rarebooks-names", {"bridge": {"IPAddress": "10.0.0.1"}, NETWORK: {"IPAddress": "10.0.0.2"}})
    assert name_servers(client, "names") == ["10.0.0.2"]
    assert name_servers(client, None) is None
    with pytest.raises(Failure, match=r"--dns other: there is no server rarebooks-other\. Make it first: up other"):
        name_servers(client, "other")


@pytest.mark.parametrize("networks", [{}, {NETWORK: {"IPAddress": ""}}], ids=["elsewhere", "stopped"])
def test_a_server_without_address_cannot_be_asked(networks: dict[str, Any]) -> None:
    with pytest.raises(Failure, match=r"Server rarebooks-names has no address on the network rarebooks-demo\. Start it first: up names"):
        address({"NetworkSettings": {"Networks": networks}}, "rarebooks-names")


def test_wait_until_gives_up_and_says_for_what() -> None:
    with pytest.raises(Failure, match="in vain for the moon"):
        wait_until(lambda: False, 0, "the moon")


@pytest.mark.parametrize(
    ("manifest", "digest", "image_id", "expected"),
    [
        ({"config": {"digest": "sha256:c"}}, "sha256:m", "sha256:c", True),
        ({"config": {"digest": "sha256:c"}}, "sha256:m", "sha256:m", True),
        ({"manifests": []}, "sha256:i", "sha256:i", True),
        ({"config": {"digest": "sha256:c"}}, "sha256:m", "sha256:new", False),
        ({"manifests": []}, None, "sha256:new", False),
    ],
    ids=["by configuration", "by manifest", "by index", "changed", "index without digest"],
)
def test_registry_holds(manifest: dict[str, object], digest: str | None, image_id: str, expected: bool) -> None:
    assert holds(manifest, digest, image_id) is expected
