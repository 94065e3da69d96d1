"""What a server is and has: parsers on recorded texts, readers on this machine."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._server import system

OS_RELEASE = """PRETTY_NAME="Ubuntu 24.04.1 LTS"
# a comment = no assignment
VERSION_ID="24.04"
VERSION_CODENAME=noble
ID=ubuntu
HOME_URL='https://www.ubuntu.com/?a=b'

"""

PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0
   1: 0100007F:01BB 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 100 0 0 10 0
   2: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 4713 1
"""


def test_os_release() -> None:
    parsed = system.parse_os_release(OS_RELEASE)
    assert (parsed["ID"], parsed["VERSION_ID"], parsed["VERSION_CODENAME"]) == ("ubuntu", "24.04", "noble")
    assert parsed["HOME_URL"] == "https://www.ubuntu.com/?a=b" and len(parsed) == 5


def test_listening_sockets_only() -> None:
    assert system.parse_listeners(PROC_NET_TCP) == {80: "4711", 8081: "4713"}


def test_this_process_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port, idle = listening.getsockname()[1], bound.getsockname()[1]
        (owner,) = system.listeners([port, idle]).values()
        assert owner.endswith(f"(pid {os.getpid()})")
        assert list(system.listeners([port, idle])) == [str(port)]
    assert system.listeners([port]) == {}


def test_an_ipv6_socket_counts_too() -> None:
    if not Path("/proc/net/tcp6").exists():
        pytest.skip("this machine has no IPv6")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        port = listening.getsockname()[1]
        assert list(system.listeners([port])) == [str(port)]


def test_free_space_of_a_directory_yet_to_be_made(tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)
    expected = status.f_bavail * status.f_frsize // 2**20
    assert abs(system.disk_free(str(tmp_path / "not/yet/there")) - expected) <= max(64, expected // 10)


def test_memory_is_what_the_kernel_says() -> None:
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
    assert system.memory() == int(total.split()[1]) // 1024


def test_addresses() -> None:
    links = [
        {"ifname": "lo", "addr_info": [{"local": "127.0.0.1"}, {"local": "::1"}]},
        {"ifname": "eth0", "addr_info": [{"local": "192.0.2.7"}, {"family": "peer only"}]},
        {"ifname": "down"},
    ]

    def run_command(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        assert argv == ["ip", "-json", "address"]
        return 0, json.dumps(links), ""

    assert system.addresses(run_command) == ["127.0.0.1", "192.0.2.7", "::1"]
    assert system.addresses(lambda *_argv, **_options: (1, "", "no such program")) == []


def test_names_resolve_side_by_side() -> None:
    names = ["localhost", "no-such-host.invalid", "a..b", ""]
    found = system.resolve(names)
    assert list(found) == names
    assert set(found["localhost"]) & {"127.0.0.1", "::1"} and found["no-such-host.invalid"] == [] and found["a..b"] == []
    assert system.resolve([]) == {}


def test_python_libraries() -> None:
    assert system.python_libraries(["json", "no_such_library"]) == {"json": True, "no_such_library": False}


def test_operating_system_of_this_machine() -> None:
    found = system.operating_system()
    assert sorted(found) == ["architecture", "codename", "id", "version"] and found["id"] != "unknown"


def test_hashes_of_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    found = system.hashes([str(tmp_path / "a"), str(tmp_path / "b")])
    assert found == {str(tmp_path / "a"): "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", str(tmp_path / "b"): ""}


def test_what_lies_on_one_disk_has_one_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = iter([7, 7000])
    monkeypatch.setattr(system, "disk_free", lambda _path: next(figures))
    free = system.disks_free([str(tmp_path), str(tmp_path / "not/yet/there"), "/proc"])
    assert free[str(tmp_path)] == free[str(tmp_path / "not/yet/there")] != free["/proc"]
