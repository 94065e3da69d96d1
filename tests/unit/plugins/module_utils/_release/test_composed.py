"""What a container made by hand would lose by a release: every key of its own service, its networks, and the names it has there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.composed import Composed
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Release

RELEASE = {
    "services": {
        "backend": {
            "container_name": "shop_backend",
            "restart": "unless-stopped",
            "healthcheck": {"test": ["CMD", "true"]},
            "logging": {"driver": "json-file", "options": {"max-size": "10m"}},
            "labels": {"ours": "yes", "team": "books"},
            "extra_hosts": ["bank=10.0.0.1", "mail=10.0.0.2"],
            "networks": {"shared": {"aliases": ["api"]}},
        }
    },
    "networks": {"shared": {"name": "shop_network", "external": True}},
}
IDENTIFIER = "0123456789abcdef"


def lost(own: dict[str, Any], attached: dict[str, Any] | None = None, proxy: bool = False) -> list[str]:
    inspected = {
        "Id": IDENTIFIER,
        "Name": "/shop_backend",
        "Config": {"Env": ["KEY=value"]},
        "Mounts": [],
        "NetworkSettings": {"Networks": {"shop_network": {"Aliases": ["backend"]}} if attached is None else attached},
    }
    return Composed.of(RELEASE, "shop", Release()).lost("shop_backend", inspected, {"Env": ["KEY=value"]}, own, proxy)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", "1000"),
        ("shm_size", "1073741824"),
        ("privileged", True),
        ("cap_add", ["NET_ADMIN"]),
        ("devices", [{"source": "/dev/fuse", "target": "/dev/fuse", "permissions": "rwm"}]),
        ("dns", ["8.8.8.8"]),
        ("ulimits", {"nofile": 1000}),
        ("ports", [{"mode": "ingress", "host_ip": "127.0.0.1", "target": 5432, "published": "5433", "protocol": "tcp"}]),
        ("stop_grace_period", "2m0s"),
        ("deploy", {"resources": {"limits": {"memory": "1073741824"}}, "placement": {}}),
        ("logging", {"driver": "syslog"}),
        ("extra_hosts", ["bank=10.0.0.1", "other=10.0.0.3"]),
        ("labels", {"team": "music"}),
        # One that nobody here has heard of.
        ("quantum_mode", "on"),
    ],
)
def test_every_key_that_the_release_does_not_give_is_named(key: str, value: Any) -> None:
    assert lost({key: value}) == [f"setting shop_backend {key}"]
    assert lost({key: value}, proxy=True) == [f"setting shop_backend {key}"]


@pytest.mark.parametrize(
    "own",
    [
        {"restart": "always", "healthcheck": {"test": ["CMD", "false"]}, "logging": {"driver": "local", "options": {"max-file": "3"}}},
        {"logging": {"options": {"max-size": "5m"}}},
        {"labels": {"team": "books"}, "extra_hosts": ["mail=10.0.0.2"]},
        {"privileged": False, "init": False, "deploy": {"resources": {}, "placement": {}}, "ulimits": {}, "command": ["other"]},
        {"build": {"context": "."}, "depends_on": {"db": {}}, "expose": ["80"], "x-note": "old", "profiles": ["a"], "env_file": ["x.env"]},
    ],
)
def test_what_the_release_gives_in_its_own_way_is_no_loss(own: dict[str, Any]) -> None:
    assert lost(own) == []


def test_what_the_release_has_none_of_at_all_is() -> None:
    without = {"backend": {"container_name": "shop_backend"}}
    inspected = {"Id": IDENTIFIER, "Name": "/shop_backend", "Config": {}, "Mounts": [], "NetworkSettings": {"Networks": {}}}
    composed = Composed.of({"services": without}, "shop", Release())
    assert composed.lost("shop_backend", inspected, {}, {"restart": "always"}, False) == ["setting shop_backend restart"]


@pytest.mark.parametrize(
    ("attached", "expected"),
    [
        ({"shop_network": {"Aliases": ["backend"]}, "monitoring": {}}, ["network shop_backend monitoring"]),
        (
            {"shop_network": {"Aliases": ["backend", "api", IDENTIFIER[:12], "shop_backend", "old-api"], "DNSNames": ["backend", "books"]}},
            ["alias shop_backend books", "alias shop_backend old-api"],
        ),
        # It moves to another network as a whole, which is a reason to replace it, and said.
        ({"old": {"Aliases": ["books"]}, "monitoring": {}}, []),
        ({}, []),
    ],
)
def test_networks_and_names_are_those_of_the_container(attached: dict[str, Any], expected: list[str]) -> None:
    assert lost({}, attached) == expected


def test_of_the_proxy_program_and_configuration_are_the_releases_own() -> None:
    inspected = {
        "Id": IDENTIFIER,
        "Name": "/shop_backend",
        "Config": {"Env": ["MADE=by hand"], "Cmd": ["nginx"]},
        "Mounts": [
            {"Type": "bind", "Source": "/srv/nginx.conf", "Destination": "/etc/nginx/nginx.conf"},
            {"Type": "bind", "Source": "/srv/www", "Destination": "/usr/share/nginx/html"},
        ],
        "NetworkSettings": {"Networks": {}},
    }
    composed = Composed.of(RELEASE, "shop", Release())
    assert composed.lost("shop_backend", inspected, {}, {}, True) == ["mount shop_backend /usr/share/nginx/html"]
    assert "environment shop_backend MADE" in composed.lost("shop_backend", inspected, {}, {}, False)
