"""The messenger is taken off by a typed command while somebody visits the shop, and comes back with its data by the next deploy."""

from __future__ import annotations

from collections.abc import Callable

import server
from operators import Deployer
from printed import REMOVE, REMOVE_LOOK, REMOVE_WITH_DATA
from terminal import type_in
from visitor import Visitor

MESSENGER = {"db_maymessenger", "maymessenger_backend"}
VOLUMES = ("rarebooksdokploy_db_maymessenger_data", "rarebooksdokploy_maymessenger_audio")
COUNT = "docker exec db_maymessenger psql -U postgres -d maymessenger -Atc 'SELECT count(*) FROM \"Users\"'"
OWN = "docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' nginx_container rarebooks_backend rarebooks_books_db"


def volumes() -> set[str]:
    return set(server.run("docker", "volume", "ls", "--quiet").split())


def test_it_is_taken_off_with_its_data_kept_and_comes_back(visitor: Callable[[], Visitor], deploying: Deployer) -> None:
    users, others, before = server.shell(COUNT), server.shell(OWN), server.release()
    foretold = type_in(REMOVE_LOOK)
    assert foretold.code == 0 and "Removing May Messenger would take off" in foretold.output
    assert server.difference(before, server.release()) == {}
    with visitor() as guest:
        done = type_in(REMOVE)
    guest.assert_served(at_least=10)
    assert done.code == 0 and f"Kept with its data: {', '.join(sorted(VOLUMES))}" in " ".join(done.output.split())
    assert not MESSENGER & server.release_containers().keys() and server.shell(OWN) == others
    assert server.run("sh", "-c", "docker image ls --format '{{.Repository}}' | grep -c '^maymessenger_backend$' || true").strip() == "0"
    assert f"backup {server.backups()[-1]}" in done.output and set(VOLUMES) <= volumes()
    # It is byte for byte what a deploy without it writes.
    assert deploying({"stack_apps": ["rarebooks"]}).recap()["changed"] == 0
    assert deploying({}).code == 0
    # What is built anew has another id.
    assert server.difference(before, server.release()).keys() <= {"container /maymessenger_backend"} and server.shell(COUNT) == users


def test_its_volumes_go_by_its_name_typed_once_more() -> None:
    refused = type_in(REMOVE_WITH_DATA.replace("confirm=maymessenger", "confirm=messenger"))
    assert refused.code == 2 and "remove_confirm: expected maymessenger" in refused.output and set(VOLUMES) <= volumes()
    done = type_in(REMOVE_WITH_DATA)
    assert done.code == 0 and not set(VOLUMES) & volumes()


def test_a_deploy_after_that_asks_for_the_data_and_starts_it_anew(deploying: Deployer) -> None:
    done = deploying({"stack_allow_empty_volumes": True})
    assert (
        done.code == 0
        and "db_maymessenger, maymessenger_backend (all: new)" in done.output
        and server.release_containers().keys() >= MESSENGER
    )
