"""What a container that was taken over reaches and may do: not the databases of another app, and nothing that it does not need."""

from __future__ import annotations

import pytest
from contract import CONTAINERS
from support import inspect

SHOPS, MESSENGERS = ("rarebooks_books_db", "rarebooks_users_db"), ("db_maymessenger",)
# What a container has to try a port with.
PYTHON = """python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 5432), 1).close()' {place}"""
BASH = "timeout 1 bash -c ': < /dev/tcp/{place}/5432'"
# What Docker gives by default, without what is dropped: numbers of capabilities(7).
CAPABILITIES = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6, "SETUID": 7, "NET_BIND_SERVICE": 10}


@pytest.fixture(scope="module")
def found(host):
    return inspect(host)


def places(found, databases):
    """Return every name and address by which databases could be asked for."""
    addresses = [one["IPAddress"] for name in databases for one in found[name]["NetworkSettings"]["Networks"].values()]
    return [*databases, *(CONTAINERS[name].service for name in databases), *addresses]


def opened(host, container, program, asked):
    """Return the places at which a container opens PostgreSQL's port, all asked at once."""
    tries = "; ".join(f"({program.format(place=place)} 2>/dev/null && echo {place}) &" for place in asked).replace("&;", "&")
    return set(host.check_output("docker exec %s sh -c %s", container, f"{tries} wait").split())


def test_the_messenger_opens_its_own_database_and_none_of_the_shops(host, found):
    own = places(found, MESSENGERS)
    assert opened(host, "maymessenger_backend", PYTHON, own + places(found, SHOPS)) == set(own)


def test_the_shop_opens_its_own_databases_and_not_the_messengers(host, found):
    own = places(found, SHOPS)
    assert opened(host, "rarebooks_backend", PYTHON, own + places(found, MESSENGERS)) == set(own)


@pytest.mark.parametrize("container", ["nginx_container", "rarebooks_frontend"])
def test_the_proxy_and_a_frontend_open_none(host, found, container):
    # That the program tells what opens, is seen at a port of the shop.
    assert opened(host, container, BASH.replace("5432", "80"), ["rarebooks_backend"]) == {"rarebooks_backend"}
    assert opened(host, container, BASH, places(found, [*SHOPS, *MESSENGERS])) == set()


def test_nothing_leads_out_of_a_database(host):
    for name, wanted in (("db_maymessenger", 0), ("maymessenger_backend", 1)):
        routes = host.check_output("docker exec %s cat /proc/net/route", name).splitlines()
        assert len([one for one in routes if one.split()[1] == "00000000"]) == wanted, name


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_process_gains_nothing_and_has_what_it_needs(host, found, name):
    status = dict(line.split(":\t") for line in host.file(f"/proc/{found[name]['State']['Pid']}/status").content_string.splitlines())
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapBnd"], 16) == sum(1 << number for number in CAPABILITIES.values())
    assert found[name]["HostConfig"]["PidsLimit"] == 4096
