"""The first release over a project made by hand: its containers go on running, also when the release fails, and when one goes back."""

from __future__ import annotations

import json

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import carried, compose
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import transaction
from ansible_collections.rarebooks.platform.plugins.modules import backup
from hand_made import ADOPT, HandMade
from memory_engine import CONFIG_LABEL, PROJECT


def test_only_the_proxy_is_replaced(server: HandMade) -> None:
    server.start()
    before = server.ids
    result = server.adopt()
    assert (result["started"], result["carried"]) == (["nginx"], ["db", "web"]), result
    assert server.replaced_since(before) == {"nginx"} and server.ledger == [("deploy", "deployed")]
    assert result["notes"] == [
        "Carried over as made by hand, each container until its own next release: db, web.",
        "nginx: replaced, since it is to read the configuration of the release; for about two seconds visitors get no answer.",
    ]


def test_without_being_asked_for_everything_is_replaced(server: HandMade) -> None:
    server.start()
    before = server.ids
    assert not server.adopt(adopt=False).get("failed")
    assert server.replaced_since(before) == {"db", "nginx", "web"}


def test_check_mode_names_what_is_replaced_and_touches_nothing(server: HandMade) -> None:
    server.start()
    before, tree = server.ids, server.tree
    previewed = server.adopt(check=True)
    assert (previewed["started"], previewed["carried"]) == (["nginx"], ["db", "web"])
    assert (server.ids, server.tree) == (before, tree)
    done = server.adopt()
    assert [done[key] for key in ("started", "carried", "notes")] == [previewed[key] for key in ("started", "carried", "notes")]


@pytest.mark.parametrize("killed_after", ["the files", "the note"])
def test_another_release_after_a_kill_is_another_release(killed_after: str, server: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    with monkeypatch.context() as patched:
        if killed_after == "the files":
            patched.setattr(transaction.switch_databases, "perform", lambda *_a: exec("raise SystemExit"))
        else:
            carry = carried.carry
            patched.setattr(carried, "carry", lambda *noted: carry(*noted) or exec("raise SystemExit"))
        run = server.run()
        sealed = server.seal(run, successor=server.description())
        with pytest.raises(json.JSONDecodeError):
            server.switch(run, files=server.files(1), backup=sealed["id"], **ADOPT)
    server.image(2)
    result = server.adopt(2)
    assert result["started"] == ["nginx", "web"] and server.images["web"] == "web:2"


def test_one_that_was_carried_is_not_made_anew_for_its_network(server: HandMade) -> None:
    server.start()
    run = server.run()
    sealed = server.seal(run, successor=server.description())
    assert server.switch(run, files=server.networked(), backup=sealed["id"], **ADOPT)["started"] == ["nginx"]
    before = server.ids
    server.engine.running["db"]["NetworkSettings"]["Networks"] = {"old": {"Aliases": ["db"]}}
    server.engine.running["web"]["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}  # Reason to look at all.
    server.deploy(1, files=server.networked(), **ADOPT)
    assert server.ids == before


def test_a_new_image_of_the_same_name_is_a_release(server: HandMade) -> None:
    """As `stack_pull` takes it: a security update must not pass by a database for good."""
    server.start()
    server.adopt()
    server.engine.tags |= {"before:1": server.engine.tags["web:1"], "web:1": "sha256:another"}
    assert server.deploy(1, **ADOPT)["started"] == ["web"]


def test_another_version_of_compose_prints_definitions_otherwise(server: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    server.adopt()
    before = server.ids
    monkeypatch.setattr(compose, "essence", lambda service: {**service, "of the newer version": True})
    assert server.deploy(1, check=True, **ADOPT)["changed"] is False
    assert server.deploy(1, **ADOPT)["changed"] is False and server.ids == before
    # And what it prints now is what later releases are compared with.
    server.image(2)
    assert server.deploy(2, **ADOPT)["started"] == ["web"] and server.replaced_since(before) == {"web"}


def test_the_way_back_to_what_was_made_by_hand_stays_as_long_as_that_runs(server: HandMade) -> None:
    server.start()
    server.adopt()
    for number in range(2, 9):
        server.image(number)
        server.deploy(number, **ADOPT)
    pruned = {"state": "pruned", "keep": 1, "keep_days": 0, "max_size": 1}
    assert server.sealed not in server.call(backup, _ansible_check_mode=True, lease_directory=server.place.directory, **pruned)["removed"]


def test_from_then_on_nothing_changes(server: HandMade) -> None:
    server.start()
    server.adopt()
    before = server.ids
    assert server.deploy(1, check=True)["changed"] is False
    result = server.deploy(1, **ADOPT)
    assert (result["changed"], server.ids) == (False, before)


def test_its_own_next_release_replaces_a_container_and_no_other(server: HandMade) -> None:
    server.start()
    server.adopt()
    before = server.ids
    server.image(2)
    assert server.deploy(2, **ADOPT)["started"] == ["web"]
    assert server.replaced_since(before) == {"web"}


def test_other_words_for_it_are_its_next_release_as_well(server: HandMade) -> None:
    server.start()
    server.adopt()
    before = server.ids
    files = server.saying("db", labels={"added": "later"})
    assert server.deploy(1, files=files, **ADOPT)["started"] == ["db"]
    assert server.replaced_since(before) == {"db"}


def test_what_another_version_of_compose_made_is_left_alone_on_the_way_back(server: HandMade) -> None:
    """Its digests differ between versions, so that the containers do not match even their own file."""
    server.start()
    for one in server.engine.running.values():
        one["Config"]["Labels"][CONFIG_LABEL] = "of an older version"
    before = server.ids
    server.probes = [{"url": "http://127.0.0.1:1/"}]
    assert server.adopt()["result"] == "restored"
    assert server.replaced_since(before) == {"nginx"}


def test_one_that_ended_is_started_as_it_is(server: HandMade) -> None:
    server.start()
    server.adopt()
    before = server.ids
    server.engine.containers.get("web").stop()
    assert server.deploy(1, check=True)["started"] == ["web"]
    assert server.deploy(1)["started"] == ["web"] and server.ids == before


def test_one_that_somebody_made_anew_is_compared_as_any_other(server: HandMade) -> None:
    server.start()
    server.adopt()
    server.engine.containers.get("web").remove(force=True)
    settings = {"image": "web:1", "container_name": "web", "restart": "unless-stopped", "logging": {"driver": "json-file"}}
    server.compose._up(PROJECT, "web", settings, [], {})
    assert server.deploy(1)["started"] == ["web"]


def test_the_way_back_leaves_them_alone_too(server: HandMade) -> None:
    server.start()
    before, tree = server.ids, server.tree
    server.adopt()
    result = server.rollback(server.sealed)
    assert not result.get("failed"), result["msg"]
    assert server.replaced_since(before) == {"nginx"}
    assert {path: text for path, text in server.tree.items() if path in tree} == tree
    again = server.adopt()
    assert (again["started"], again["carried"]) == (["nginx"], ["db", "web"])


def test_an_adoption_that_fails_leaves_them_alone_and_may_be_tried_again_with_other_words(server: HandMade) -> None:
    server.start()
    before = server.ids
    server.probes = [{"url": "http://127.0.0.1:1/"}]
    assert server.adopt()["result"] == "restored"
    assert server.replaced_since(before) == {"nginx"}
    server.probes = []
    files = server.saying("db", labels={"added": "meanwhile"})
    run = server.run()
    sealed = server.seal(run, successor=server.description())
    assert server.switch(run, files=files, backup=sealed["id"], **ADOPT)["started"] == ["nginx"]


def test_one_that_is_killed_in_between_is_completed_with_them(server: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when the files are those of the release and nothing has been started: the record does not know its definitions yet."""
    server.start()
    before = server.ids
    with monkeypatch.context() as patched:
        patched.setattr(transaction.switch_databases, "perform", lambda *_a: exec("raise SystemExit"))
        run = server.run()
        sealed = server.seal(run, successor=server.description())
        with pytest.raises(json.JSONDecodeError):  # No result.
            server.switch(run, files=server.files(1), backup=sealed["id"], **ADOPT)
    assert (server.root / "release.json").exists() and server.ids == before
    result = server.deploy(1, **ADOPT)
    assert result["started"] == ["nginx"] and server.replaced_since(before) == {"nginx"}


def test_a_database_that_the_release_has_on_a_network_of_its_app_is_not_touched(server: HandMade) -> None:
    server.start()
    before, files = server.ids, server.apart()
    result = server.adopt(files=files)
    assert (result["started"], result["carried"]) == (["nginx"], ["db", "web"]), result
    assert server.replaced_since(before) == {"nginx"} and server.networks() == {"db": {"net"}, "web": {"net"}}
    assert not any("network" in event for event in server.engine.events)
    assert server.deploy(1, files=files, **ADOPT)["changed"] is False


def test_what_needs_it_joins_that_network_before_it_is_made_anew(server: HandMade) -> None:
    server.start()
    server.adopt(files=server.apart())
    before, files = server.ids, server.apart(labels={"added": "later"})
    told = f"web: goes on running, and joins network {PROJECT}_own, on which a database of its app is made anew."
    previewed = server.deploy(1, check=True, files=files, **ADOPT)
    assert (previewed["started"], told in previewed["notes"]) == (["db"], True) and server.networks()["web"] == {"net"}
    began = len(server.engine.events)
    result = server.deploy(1, files=files, **ADOPT)
    assert result["started"] == ["db"] and told in result["notes"] and server.replaced_since(before) == {"db"}
    events = [one for one in server.engine.events[began:] if PROJECT in one or one == "start db"]
    assert events == [f"create internal network {PROJECT}_own", f"connect web {PROJECT}_own", "start db"]
    assert server.networks() == {"db": {f"{PROJECT}_own"}, "web": {"net", f"{PROJECT}_own"}}
    assert server.deploy(1, files=files, **ADOPT)["changed"] is False


def test_so_it_does_where_the_adoption_itself_replaces_the_database(server: HandMade) -> None:
    server.engine.has_image("postgres:14", "sha256:postgres:14")
    server.start(db={"image": "postgres:14"})
    before = server.ids
    result = server.adopt(files=server.apart())
    assert (result["started"], result["carried"]) == (["db", "nginx"], ["web"])
    assert server.replaced_since(before) == {"db", "nginx"} and server.networks()["web"] == {"net", f"{PROJECT}_own"}
    assert any("web: goes on running, and joins" in note for note in result["notes"])


def test_a_new_server_has_nothing_to_carry(server: HandMade) -> None:
    result = server.deploy(1, **ADOPT)
    assert (result["started"], result["carried"], result["notes"]) == (["db", "nginx", "web"], [], [])
    assert not (server.root / carried.FILE).exists()
