"""One app is stopped, started, restarted and made anew by typed commands, and nobody who visits the other one notices."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
import server
from printed import LOOK_FIRST, REBUILD, RECREATE, RESTART, RESTART_ONE, RESTART_PROXY, START, STOP
from terminal import as_documented, commands_of, type_in
from visitor import Visitor

MESSENGER = ("db_maymessenger", "maymessenger_backend")
CA = "/opt/rarebooks/ca/ca.pem"
ENVIRONMENT = "/opt/rarebooks/env/maymessenger_backend.env"


@pytest.fixture
def messenger(tmp_path: str) -> Visitor:
    """Somebody who asks the messenger how it is."""
    ca_file = f"{tmp_path}/ca.pem"
    with open(ca_file, "w") as stream:
        stream.write(server.run("cat", CA))
    return Visitor(server.address(), ca_file, "messenger.rare-books.ru", ["/health"])


@pytest.fixture(autouse=True)
def _nobody_notices_elsewhere(visitor: Callable[[], Visitor], request: pytest.FixtureRequest) -> Iterator[None]:
    """The shop serves all the while, and none of its containers is touched; unless it is the proxy that is restarted."""
    if "proxy" in request.node.name:
        yield
        return
    before = instances()
    with visitor() as guest:
        yield
    guest.assert_served(at_least=10)
    after = instances()
    assert {name for name in before if before[name] != after.get(name)} <= set(MESSENGER)


def instances() -> dict[str, list[str]]:
    """Return which container bears each name, and since when it runs."""
    listed = server.run("sh", "-c", "docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' $(docker ps --all --quiet)")
    return {line.split()[0].lstrip("/"): line.split()[1:] for line in listed.splitlines()}


def test_a_stopped_app_answers_503_at_once_and_stays_so_until_it_is_started(messenger: Visitor) -> None:
    assert messenger.ask("/health") == "200"
    done = type_in(STOP)
    assert done.code == 0 and "Stopped: db_maymessenger, maymessenger_backend (all: asked for by " in done.output
    began = time.monotonic()
    assert messenger.ask("/health") == "503" and time.monotonic() - began < 3
    (line,) = commands_of(done)
    assert as_documented(line, "") == START
    looked = type_in(LOOK_FIRST)
    assert looked.code == 0 and "was stopped on purpose by " in looked.output
    started = type_in(line)
    assert started.code == 0 and "was proven to serve after " in started.output and messenger.ask("/health") == "200"
    entry = server.ledger()[-1]
    assert (entry["action"], entry["result"]) == ("start maymessenger", "done")
    assert entry["reasons"]["db_maymessenger"].startswith("was stopped on purpose by ")


def test_a_restart_says_first_what_it_does_and_of_one_container_leaves_the_others_alone() -> None:
    before = instances()
    foretold = type_in(f"{RESTART} --check --diff")
    assert foretold.code == 0 and before == instances() and "Started: db_maymessenger, maymessenger_backend" in foretold.output
    assert type_in(RESTART_ONE).code == 0
    after = instances()
    assert {name for name in before if before[name] != after[name]} == {"maymessenger_backend"}
    assert before["maymessenger_backend"][0] == after["maymessenger_backend"][0]


def test_a_container_that_lost_its_network_is_attached_again_and_an_edit_waits(messenger: Visitor) -> None:
    server.run("docker", "network", "disconnect", "rarebooks_network", "maymessenger_backend")
    server.shell(f"echo EDITED=by-hand >> {ENVIRONMENT}")
    before = instances()["maymessenger_backend"]
    try:
        done = type_in(START)
        assert done.code == 0 and "maymessenger_backend had lost its network rarebooks_network" in done.output
        assert instances()["maymessenger_backend"] == before and messenger.ask("/health") == "200"
        assert "Not in force: env/maymessenger_backend.env (edited by hand: EDITED)." in " ".join(done.output.split())
        refused = type_in(RECREATE)
        assert refused.code == 2 and "env/maymessenger_backend.env (edited by hand: EDITED)" in " ".join(refused.output.split())
        assert instances()["maymessenger_backend"] == before and "by-hand" not in done.output + refused.output
    finally:
        server.shell(f"sed -i '/^EDITED=/d' {ENVIRONMENT}")


def test_recreated_containers_run_the_same_images(messenger: Visitor) -> None:
    before, images = instances(), server.release_containers()
    done = type_in(RECREATE)
    assert done.code == 0 and "Made anew: db_maymessenger, maymessenger_backend" in done.output
    after = instances()
    assert all(before[name][0] != after[name][0] for name in MESSENGER) and images == server.release_containers()
    assert messenger.ask("/health") == "200" and server.backups()[-1] in done.output


def test_a_rebuilt_image_is_served(messenger: Visitor) -> None:
    """A build that works is served, and a deploy after it has nothing to do."""
    image = json.loads(server.run("docker", "inspect", "maymessenger_backend"))[0]["Image"]
    done = type_in(REBUILD)
    rebuilt = json.loads(server.run("docker", "inspect", "maymessenger_backend"))[0]["Image"]
    assert done.code == 0 and rebuilt != image and messenger.ask("/health") == "200"
    looked = type_in(LOOK_FIRST)
    assert "a deploy would change nothing" in looked.output


def test_the_proxy_is_restarted_only_where_it_starts_again() -> None:
    broken = "/opt/rarebooks/nginx/sites/broken.conf"
    server.shell(f"echo 'no_such_directive;' > {broken}")
    before = instances()["nginx_container"]
    try:
        refused = type_in(RESTART_PROXY)
        assert refused.code == 2 and "no_such_directive" in refused.output and instances()["nginx_container"] == before
    finally:
        server.run("rm", broken)
    assert type_in(RESTART_PROXY).code == 0 and instances()["nginx_container"] != before
