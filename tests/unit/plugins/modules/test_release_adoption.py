"""The first release over a project made by hand: its containers go on running, also when the release fails, and when one goes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import images
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import carried, compose
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import FILES_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import transaction
from ansible_collections.rarebooks.platform.plugins.modules import backup, carried_info
from machine import Machine
from memory_compose import config_hash
from memory_engine import CONFIG_LABEL, PROJECT

ADOPT = {"adopt": True}


class HandMade(Machine):
    """A server whose project somebody wrote a Compose file for, with more words than the release has."""

    def start(self, **changed: dict[str, Any]) -> None:
        images = {"nginx": "nginx:1", "db": "postgres:15", "web": "web:1"}
        services = {name: {"image": image, "container_name": name, "restart": "unless-stopped"} for name, image in images.items()}
        services["web"]["logging"] = {"driver": "json-file"}
        services["db"]["shm_size"] = "64m"
        mount = {"type": "bind", "source": str(self.root / "nginx" / "nginx_prod.conf"), "target": "/etc/nginx/nginx.conf"}
        services["nginx"]["volumes"] = [mount]
        for name, settings in changed.items():
            services[name] |= settings
        (self.root / "nginx").mkdir(exist_ok=True)
        (self.root / "nginx" / "nginx_prod.conf").write_text("events {}\n")
        (self.root / "docker-compose.yml").write_text(json.dumps({"services": services}))
        self.compose(["docker", "compose", "--file", str(self.root / "docker-compose.yml"), "--project-name", PROJECT, "up"])
        self.postgres.write("db", "chat", "Users", 3)

    def adopt(self, number: int = 1, check: bool = False, **options: Any) -> dict[str, Any]:
        options = {**ADOPT, **options}
        if check:
            return self.deploy(number, check=True, **options)
        run = self.run()
        sealed = self.seal(run, successor=self.description())
        assert not sealed.get("failed"), sealed["msg"]
        self.sealed = sealed["id"]
        return self.switch(run, files=self.files(number), backup=sealed["id"], **options)

    @property
    def ids(self) -> dict[str, str]:
        return {name: one["Id"] for name, one in self.engine.running.items()}

    def replaced_since(self, before: dict[str, str]) -> set[str]:
        return {name for name, identifier in self.ids.items() if before.get(name) != identifier}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> HandMade:
    machine = HandMade(tmp_path, monkeypatch, capsys)
    machine.image(1)
    return machine


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


def test_the_same_is_told_without_the_library(server: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    monkeypatch.setattr("docker.from_env", lambda **_options: pytest.fail("the library was used"))
    before = server.tree
    told = server.call(carried_info, files=server.files(1), proxy_containers=["nginx"])
    assert (told["started"], told["carried"]) == (["nginx"], ["db", "web"])
    assert "Carried over as made by hand, each container until its own next release: db, web." in told["notes"]
    assert server.tree == before


LATER = {**ADOPT, "adopt_proxy": "later"}


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
    document = json.loads(server.files(1)[0]["content"])
    document["services"]["nginx"]["image"] = "nginx:2"
    files = [{"path": "docker-compose.yml", "content": json.dumps(document)}, *server.files(1)[1:]]
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


@pytest.mark.parametrize("killed_after", ["the files", "the note"])
def test_another_release_after_a_kill_is_another_release(killed_after: str, server: HandMade, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    with monkeypatch.context() as patched:
        if killed_after == "the files":
            patched.setattr(transaction.switch_databases, "perform", lambda *_a: exec("raise SystemExit"))
        else:
            patched.setattr(images, "put_back", lambda *_a: exec("raise SystemExit"))
        run = server.run()
        sealed = server.seal(run, successor=server.description())
        with pytest.raises(json.JSONDecodeError):
            server.switch(run, files=server.files(1), backup=sealed["id"], **ADOPT)
    server.image(2)
    result = server.adopt(2)
    assert result["started"] == ["nginx", "web"] and server.images["web"] == "web:2"


def test_a_container_that_is_off_the_network_is_replaced_and_said_to_be(server: HandMade) -> None:
    """To make it anew is what it takes, databases too: it is told before, and not done behind a report that it is carried over."""
    server.start(web={"restart": "always"})
    server.engine.running["db"]["NetworkSettings"]["Networks"] = {"old": {"Aliases": ["db"]}}
    previewed = server.adopt(check=True, files=networked(server))
    assert previewed["started"] == ["db", "nginx"]
    assert "db: replaced, since it is to be on network net, and is on old." in previewed["notes"]


def networked(server: HandMade) -> list[dict[str, str]]:
    """Return release 1, whose database says which network it is on."""
    document = json.loads(server.files(1)[0]["content"])
    document["services"]["db"]["networks"] = {"net": None}
    return [{"path": "docker-compose.yml", "content": json.dumps(document)}, *server.files(1)[1:]]


def test_one_that_was_carried_is_not_made_anew_for_its_network(server: HandMade) -> None:
    server.start()
    run = server.run()
    sealed = server.seal(run, successor=server.description())
    assert server.switch(run, files=networked(server), backup=sealed["id"], **ADOPT)["started"] == ["nginx"]
    before = server.ids
    server.engine.running["db"]["NetworkSettings"]["Networks"] = {"old": {"Aliases": ["db"]}}
    server.engine.running["web"]["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}  # Reason to look at all.
    server.deploy(1, files=networked(server), **ADOPT)
    assert server.ids == before


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
    document = json.loads(server.files(1)[0]["content"])
    document["services"]["db"]["labels"] = {"added": "later"}
    files = [{"path": "docker-compose.yml", "content": json.dumps(document)}, *server.files(1)[1:]]
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


def test_what_the_proxy_had_is_no_matter_of_its_container(server: HandMade) -> None:
    server.start(nginx={"environment": {"KEY": "value"}})
    assert server.adopt()["started"] == ["nginx"]


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
    server.compose._up(PROJECT, "web", settings, [])
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
    more = json.loads(server.files(1)[0]["content"])
    more["services"]["db"]["labels"] = {"added": "meanwhile"}
    files = [{"path": "docker-compose.yml", "content": json.dumps(more)}, *server.files(1)[1:]]
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


def test_a_new_server_has_nothing_to_carry(server: HandMade) -> None:
    result = server.deploy(1, **ADOPT)
    assert (result["started"], result["carried"], result["notes"]) == (["db", "nginx", "web"], [], [])
    assert not (server.root / carried.FILE).exists()
