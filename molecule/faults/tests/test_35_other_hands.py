"""What people do to containers by hand, and Compose does not see: check mode names it, the deploy mends it."""

from __future__ import annotations

from collections.abc import Callable

import server
from operators import Deployer
from visitor import Visitor

INSPECT = "{{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
# Where the shop's back end is beside the network of all.
DATABASES = "rarebooksdokploy_rarebooks_databases"


def container(name: str) -> str:
    """Return a container's state, restart policy and networks."""
    return server.run("docker", "inspect", "--format", INSPECT, name).strip()


def test_what_was_done_to_containers_is_named_and_undone(deploying: Deployer) -> None:
    server.shell("""
        docker network disconnect rarebooks_network rarebooks_backend
        docker pause rarebooks_frontend
        docker update --restart=no maymessenger_backend
        docker stop nginx_container
    """)
    before = server.state()
    look = deploying({}, "--check", "--diff")
    assert look.code == 0 and look.recap()["changed"] > 0 and server.difference(before, server.state()) == {}
    for name, got, expected in (
        ("rarebooks_backend", f"on {DATABASES}", "on network rarebooks_network"),
        ("rarebooks_frontend", "paused", "running"),
        ("maymessenger_backend", "with no", "with restart policy unless-stopped"),
    ):
        assert f"after: container {name}\n@@ -1 +1 @@\n-{got}\n+{expected}\n" in look.output
    done = deploying({})
    assert done.code == 0 and "rarebooks-faults serves RareBooks and May Messenger." in done.output
    assert f"rarebooks_backend: expected it on network rarebooks_network, got it on {DATABASES}" in done.output
    for name in ("rarebooks_frontend", "nginx_container"):
        assert container(name) == "running unless-stopped rarebooks_network"
    assert container("rarebooks_backend") == f"running unless-stopped rarebooks_network {DATABASES}"
    assert container("maymessenger_backend").startswith("running unless-stopped ")
    # The least that mends it: only the container without a network is another one.
    after = server.state()
    ids = {name: (before[f"container /{name}"][0], after[f"container /{name}"][0]) for name in ("rarebooks_backend", "rarebooks_frontend")}
    assert ids["rarebooks_backend"][0] != ids["rarebooks_backend"][1] and len(set(ids["rarebooks_frontend"])) == 1


def test_nginx_in_a_crash_loop_is_mended_by_the_deploy(deploying: Deployer, visitor: Callable[[], Visitor]) -> None:
    """Docker shows no ports of it, while docker-proxy listens; and nobody else restarts it for up to a minute."""
    server.shell("""
        echo 'nobody knows this;' >> /opt/rarebooks/nginx/nginx.conf
        docker restart nginx_container
        until docker ps --all --filter name=nginx_container --format '{{.Status}}' | grep -q Restarting; do :; done
    """)
    done = deploying({})
    assert done.code == 0 and "Files changed: nginx/nginx.conf" in done.output
    assert container("nginx_container") == "running unless-stopped rarebooks_network"
    with visitor() as somebody:
        assert deploying({}).recap()["changed"] == 0
    somebody.assert_served(at_least=10)
