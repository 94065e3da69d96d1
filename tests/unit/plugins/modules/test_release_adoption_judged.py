"""The first release over a project made by hand: what is carried over, what is replaced and why, and what is refused before a change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import carried
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import FILES_LABEL
from ansible_collections.rarebooks.platform.plugins.modules import carried_info
from hand_made import ADOPT, HandMade
from memory_engine import PROJECT


def test_the_same_is_told_without_the_library(server: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    monkeypatch.setattr("docker.from_env", lambda **_options: pytest.fail("the library was used"))
    before = server.tree
    told = server.call(carried_info, files=server.files(1), proxy_containers=["nginx"])
    assert (told["started"], told["carried"]) == (["nginx"], ["db", "web"])
    assert "Carried over as made by hand, each container until its own next release: db, web." in told["notes"]
    assert server.tree == before


def test_a_container_that_is_off_the_network_is_replaced_and_said_to_be(server: HandMade) -> None:
    """To make it anew is what it takes, databases too: it is told before, and not done behind a report that it is carried over."""
    server.start(web={"restart": "always"})
    server.engine.running["db"]["NetworkSettings"]["Networks"] = {"old": {"Aliases": ["db"]}}
    previewed = server.adopt(check=True, files=server.networked())
    assert previewed["started"] == ["db", "nginx"]
    assert "db: replaced, since it is to be on network net, and is on old." in previewed["notes"]


@pytest.mark.parametrize("check", [True, False])
def test_a_compose_file_that_cannot_be_read_by_itself_is_refused_before_anything_changes(check: bool, server: HandMade) -> None:
    server.start()
    (server.root / "docker-compose.yml").rename(server.root / "compose.yml")
    before = server.ids
    refused = server.deploy(1, check=True, **ADOPT) if check else server.switch(server.run(), files=server.files(1), **ADOPT)
    assert (refused["result"], server.ids, server.journal) == ("refused", before, None)
    assert "docker-compose.yml" in refused["msg"]


def test_a_project_of_several_files_is_refused(server: HandMade) -> None:
    server.start()
    file = server.root / "docker-compose.yml"
    server.engine.running["web"]["Config"]["Labels"][FILES_LABEL] = f"{file},{server.root}/override.yml"
    refused = server.adopt(check=True)
    assert refused["result"] == "refused" and f"The containers were made from {server.root}/override.yml: " in refused["msg"]


def test_a_container_without_a_name_of_its_own_is_judged_by_its_service(server: HandMade) -> None:
    server.start()
    one = server.engine.running.pop("web")
    server.engine.running[f"{PROJECT}-web-1"] = {**one, "Name": f"/{PROJECT}-web-1", "Config": {**one["Config"], "Env": ["KEY=value"]}}
    refused = server.adopt(check=True)
    assert "- environment web KEY" in refused["msg"].splitlines()
    previewed = server.adopt(check=True, let_go=["environment web KEY"])
    assert f"web: replaced, since it is called {PROJECT}-web-1." in previewed["notes"]


def test_a_tree_that_was_validated_before_is_judged_all_the_same(server: HandMade) -> None:
    server.start()
    before = server.ids
    validated = server.adopt(check=True)["validated"]
    assert not server.adopt(validated=validated).get("failed")
    assert server.replaced_since(before) == {"nginx"}


def test_what_may_not_be_lost_is_refused_without_the_library(server: HandMade) -> None:
    server.start(web={"environment": {"KEY": "value"}})
    refused = server.call(carried_info, files=server.files(1), proxy_containers=["nginx"])
    assert refused["failed"] and "- environment web KEY" in refused["msg"].splitlines()
    assert not server.call(carried_info, files=server.files(1), proxy_containers=["nginx"], let_go=["environment web KEY"]).get("failed")


def test_another_image_is_another_release(server: HandMade) -> None:
    server.image(0)
    server.start(web={"image": "web:0"})
    result = server.adopt()
    assert (result["started"], result["carried"]) == (["nginx", "web"], ["db"])
    assert "web: replaced, since it runs the image web:0, and the release web:1." in result["notes"]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"Status": "restarting"}, "it is restarting, so that nothing is kept by keeping it"),
        ({"Status": "exited"}, "it is exited, so that nothing is kept by keeping it"),
        ({"Health": {"Status": "unhealthy"}}, "it is unhealthy, so that nothing is kept by keeping it"),
        ({"Health": {"Status": "starting"}}, ""),
    ],
)
def test_what_is_broken_is_replaced(state: dict[str, Any], reason: str, server: HandMade) -> None:
    server.start()
    server.engine.running["web"]["State"] |= state
    previewed = server.adopt(check=True)
    assert previewed["started"] == (["nginx", "web"] if reason else ["nginx"])
    assert (f"web: replaced, since {reason}." in previewed["notes"]) is bool(reason)


def test_a_service_of_another_name_is_replaced(server: HandMade) -> None:
    server.start()
    server.engine.running["web"]["Config"]["Labels"]["com.docker.compose.service"] = "site"
    previewed = server.adopt(check=True)
    assert previewed["started"] == ["nginx", "web"]
    assert "web: replaced, since its service is called site in its own Compose file and web in the release." in previewed["notes"]


def test_what_the_release_does_not_give_is_refused_by_name_until_it_may_go(server: HandMade) -> None:
    server.start(web={"environment": {"KEY": "value"}})
    before, tree = server.ids, server.tree
    for check in (True, False):
        refused = server.adopt(check=check)
        assert (refused["result"], refused["failed"]) == ("refused", True)
        assert refused["msg"].splitlines() == [
            "Containers made by hand have what the release does not give them, so that their next update would lose it:",
            "- environment web KEY",
            "Nothing has been changed. Add to the inventory what must stay, and name in stack_let_go, word for word, what may go.",
        ]
    assert (server.ids, {path: server.tree[path] for path in tree}) == (before, tree)
    assert not (server.root / carried.FILE).exists() and server.journal is None
    assert not server.adopt(let_go=["environment web KEY"]).get("failed")


def test_every_key_of_its_own_compose_file_is_decided_about(server: HandMade) -> None:
    """Also of the proxy, which is replaced; and what Compose prints twice to be read again is what it is."""
    server.start(web={"user": "1000", "environment": {"KEY": "a$b"}}, nginx={"extra_hosts": ["bank=10.0.0.1"]})
    server.engine.running["web"]["NetworkSettings"]["Networks"]["monitoring"] = {"Aliases": ["web"]}
    files = server.saying("web", networks={"net": None}, environment={"KEY": "a$b"})
    lines = ["setting nginx extra_hosts", "network web monitoring", "setting web user"]
    for check in (True, False):
        refused = server.adopt(check=check, files=files)
        assert refused["msg"].splitlines()[1:-1] == [f"- {line}" for line in lines]
    assert not server.adopt(files=files, let_go=lines).get("failed")


def test_another_restart_policy_is_told_before_and_set_without_a_restart(server: HandMade) -> None:
    server.start(web={"restart": "always"}, db={"restart": ""})
    for name, policy in (("web", "always"), ("db", "no")):
        server.engine.running[name]["HostConfig"]["RestartPolicy"] = {"Name": policy}
    [compose, *others] = server.saying("web", restart="unless-stopped")
    document = json.loads(compose["content"])
    document["services"]["db"]["restart"] = "unless-stopped"
    files = [{**compose, "content": json.dumps(document)}, *others]
    before = server.ids
    for result in (server.adopt(check=True, files=files), server.adopt(files=files)):
        assert (result["started"], result["carried"]) == (["nginx"], ["db", "web"])
        told = {note for note in result["notes"] if "restart policy" in note}
        assert told == {f"{name}: goes on running, and gets restart policy unless-stopped." for name in ("db", "web")}
    assert server.replaced_since(before) == {"nginx"} and policies(server) == {"db": "unless-stopped", "web": "unless-stopped"}
    # Whoever goes back finds them as they were, also where their own file says nothing.
    assert server.rollback(server.sealed)["started"] == ["nginx"]
    assert policies(server) == {"db": "no", "web": "always"}


def policies(server: HandMade) -> dict[str, str]:
    return {name: server.engine.running[name]["HostConfig"]["RestartPolicy"]["Name"] for name in ("db", "web")}
