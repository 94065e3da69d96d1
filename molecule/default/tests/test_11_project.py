"""The project as an operator meets it in its directory."""

import json

from contract import CONTAINERS, MESSENGER_DATABASES, NETWORK, PROJECT, SHOP_DATABASES, VOLUMES
from support import compose

FORMAT = "{{.Name}} {{.Driver}} {{.Internal}}"


def test_volumes_are_these_and_none_is_anonymous(host):
    assert set(host.check_output("docker volume ls --quiet").split()) == VOLUMES


def test_networks_really_of_these_names(host):
    names = host.check_output("docker network ls --quiet --filter type=custom").split()
    found = host.check_output(f"docker network inspect --format '{FORMAT}' {' '.join(names)}").splitlines()
    assert set(found) == {f"{NETWORK} bridge false", f"{SHOP_DATABASES} bridge true", f"{MESSENGER_DATABASES} bridge true"}


def test_compose_knows_its_services_from_the_directory(host):
    listed = [json.loads(line) for line in compose(host, "ps --format json").splitlines()]
    assert {one["Name"]: one["Service"] for one in listed} == {name: one.service for name, one in CONTAINERS.items()}
    assert {one["Project"] for one in listed} == {PROJECT}


def test_compose_shows_logs(host):
    assert "nginx_container" in compose(host, "logs --no-color proxy")


def test_docker_starts_at_boot_and_rotates_logs(host):
    assert host.check_output("systemctl is-enabled docker") == "enabled"
    daemon = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert daemon["live-restore"] is True
    assert daemon["log-driver"] == "json-file"
    assert daemon["log-opts"].keys() >= {"max-size", "max-file"}
