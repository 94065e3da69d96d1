"""What can be reached from outside: SSH and the proxy."""

import socket

import pytest
from support import inspect


def test_only_the_proxy_publishes(host):
    published = {
        name: {port: [at["HostPort"] for at in bindings] for port, bindings in one["NetworkSettings"]["Ports"].items() if bindings}
        for name, one in inspect(host).items()
    }
    ports = published.pop("nginx_container")
    assert {port: set(at) for port, at in ports.items()} == {"80/tcp": {"80"}, "443/tcp": {"443"}}
    assert not any(published.values()), published


def test_nothing_else_listens_on_the_server(host):
    listening = [line.split()[3].rsplit(":", 1) for line in host.check_output("ss -Hltn").splitlines()]
    outside = {int(port) for at, port in listening if not at.strip("[]").startswith(("127.", "::1"))}
    assert outside == {22, 80, 443}


@pytest.mark.parametrize("port", [5432, 5000, 8080, 2375, 2376])
def test_databases_backends_and_engine_are_out_of_reach(address, port):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address(), port), timeout=5)


@pytest.mark.parametrize("port", [80, 443])
def test_the_proxy_is_within_reach(address, port):
    socket.create_connection((address(), port), timeout=5).close()
