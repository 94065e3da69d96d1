"""The first release over a project made by hand: its proxy is replaced now, or at an hour that its operator chooses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import ComposeError
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import run
from hand_made import ADOPT, LATER, HandMade
from memory_compose import config_hash
from memory_engine import CONFIG_LABEL
from memory_programs import Answer

BROKEN = Answer("nginx -t", b"unknown directive\n", 1)


def test_the_proxy_may_wait_for_a_quiet_hour(server: HandMade) -> None:
    server.start()
    before = server.ids
    result = server.adopt(**LATER)
    assert (result["started"], result["carried"], server.ids) == ([], ["db", "nginx", "web"], before)
    [_carried, waits] = result["notes"]
    assert waits.startswith("nginx: still runs with the configuration that was made by hand")
    again = server.deploy(1, **LATER)
    assert (again["changed"], again["notes"], server.ids) == (False, [waits], before)
    server.image(2)
    assert server.deploy(2, **LATER)["started"] == ["web"]


def test_the_quiet_hour(server: HandMade) -> None:
    server.start()
    server.adopt(**LATER)
    before = server.ids
    previewed = server.deploy(1, check=True, **ADOPT)
    assert (previewed["changed"], previewed["started"], server.ids) == (True, ["nginx"], before)
    result = server.deploy(1, **ADOPT)
    assert (result["started"], server.replaced_since(before)) == (["nginx"], {"nginx"})
    assert server.deploy(1, **ADOPT)["changed"] is False
    # Whatever is said of it later.
    assert server.deploy(1, **LATER)["changed"] is False


def test_a_proxy_whose_configuration_the_release_overwrites_cannot_wait(server: HandMade) -> None:
    """A reboot would have it read the new files, of which it has mounted one."""
    server.start(nginx={"volumes": []})
    server.engine.running["nginx"]["Mounts"] = [{"Type": "bind", "Source": str(server.root / "nginx"), "Destination": "/etc/nginx/conf.d"}]
    previewed = server.adopt(check=True, **LATER)
    assert previewed["started"] == ["nginx"]
    assert "the release has files of its own where its configuration lies" in previewed["notes"][-1]


def test_a_proxy_that_does_not_serve_with_the_release_is_made_again_as_it_was_by_hand(server: HandMade) -> None:
    server.start()
    server.adopt(**LATER)
    server.probes = [{"url": "http://127.0.0.1:1/"}]
    result = server.deploy(1, **ADOPT)
    assert result["result"] == "restored", result["msg"]
    assert "To have nginx as it was made by hand" not in result["msg"]
    by_hand = json.loads((server.root / "backups" / server.sealed / "files" / "docker-compose.yml").read_text())
    assert server.engine.running["nginx"]["Config"]["Labels"][CONFIG_LABEL] == config_hash(by_hand["services"]["nginx"])
    # And it goes on being carried.
    server.probes = []
    assert server.deploy(1, **LATER)["started"] == []


def test_the_proxy_waits_whatever_the_release_says_of_it(server: HandMade) -> None:
    server.start()
    server.adopt(**LATER)
    before = server.ids
    server.engine.has_image("nginx:2", "sha256:nginx:2")
    files = server.saying("nginx", image="nginx:2")
    for check in (True, False):
        assert server.deploy(1, check=check, files=files, **LATER)["started"] == []
    assert server.ids == before


def test_a_proxy_that_waits_is_not_made_to_read_anything(server: HandMade) -> None:
    server.start()
    server.adopt(**LATER)
    assert server.engine.reloads.get("nginx", 0) == 0
    server.image(2)
    server.deploy(2, **LATER)  # The address of what is behind it is another one.
    assert server.engine.reloads["nginx"] == 1


def test_what_the_proxy_had_is_no_matter_of_its_container(server: HandMade) -> None:
    server.start(nginx={"environment": {"KEY": "value"}})
    assert server.adopt()["started"] == ["nginx"]


def test_where_nothing_could_be_brought_back_the_way_to_what_was_made_by_hand_is_told(
    server: HandMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup that this deploy sealed has the proxy of the release."""
    server.start()
    server.adopt(**LATER)
    server.probes = [{"url": "http://127.0.0.1:1/"}]

    def fail(*_arguments: Any) -> None:
        raise ComposeError("port is already allocated")

    monkeypatch.setattr(run, "put_proxy_back", fail)
    result = server.deploy(1, **ADOPT)
    assert result["result"] == "broken", result["msg"]
    assert "\nTo have nginx as it was made by hand, and all that was before the adoption, run: " in result["msg"]
    assert result["msg"].rstrip().endswith(f"rollback.yml -e rollback_to={server.sealed}")


def test_nothing_is_replaced_behind_a_proxy_that_would_not_find_it(server: HandMade) -> None:
    """It knows addresses as long as it has read them, and its own configuration it would not read again."""
    server.start()
    server.adopt(**LATER)
    server.image(2)
    before, tree = server.ids, server.tree
    server.engine.programs.append(BROKEN)
    for check in (True, False):
        refused = server.deploy(2, check=check, **LATER)
        assert (refused["result"], server.ids, server.journal) == ("refused", before, None)
        assert refused["msg"].splitlines()[:2] == [
            "nginx still runs with the configuration that was made by hand, which it would not read again:",
            "unknown directive",
        ]
        assert "So it would not find web, which get other addresses." in refused["msg"]
    assert {path: server.tree[path] for path in tree} == tree
    # What replaces nothing goes on, and so does the move of the proxy.
    assert server.deploy(1, **LATER)["changed"] is False
    server.engine.programs.remove(BROKEN)
    assert server.deploy(2, **ADOPT)["started"] == ["nginx", "web"]


def test_an_adoption_that_replaces_something_asks_it_too(server: HandMade) -> None:
    server.image(0)
    server.start(web={"image": "web:0"})
    server.engine.programs.append(BROKEN)
    refused = server.adopt(check=True, **LATER)
    assert "unknown directive" in refused["msg"]
    assert server.adopt(check=True)["started"] == ["nginx", "web"]


def test_nothing_is_removed_behind_a_proxy_that_may_name_it(server: HandMade) -> None:
    """It would not start again: no site would come back over the next reboot."""
    server.start()
    server.adopt(**LATER)
    assert not server.deploy(1, "blog", **LATER).get("failed")
    before = server.ids
    for check in (True, False):
        refused = server.deploy(1, check=check, **LATER)
        assert (refused["result"], server.ids, server.journal) == ("refused", before, None)
        assert refused["msg"].startswith("nginx still runs with the configuration that was made by hand. Where that names blog, no site ")
        assert refused["msg"].endswith("ansible-playbook deploy.yml -e stack_adopt_proxy=now")
    removed = server.deploy(1, **ADOPT)
    assert (removed["started"], removed["containers_removed"]) == (["nginx"], ["blog"])
