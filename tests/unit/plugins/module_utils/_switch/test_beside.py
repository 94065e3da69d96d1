"""Containers that are exchanged while the ones of before still serve, and exchanges that were cut off anywhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import Project
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import PROJECT_LABEL, SERVICE_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Proxy, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import beside
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.beside import LABEL, BesideError
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from memory_engine import PROJECT, Engine

OLD_IMAGE, NEW_IMAGE = "sha256:" + "1" * 64, "sha256:" + "2" * 64
SERVICE = {"service": "backend", "container_name": "web", "image": "web:2", "networks": {"net": None}}
SETTINGS = {
    "Image": "web:2",
    "Labels": {PROJECT_LABEL: PROJECT, SERVICE_LABEL: "backend"},
    "NetworkingConfig": {"EndpointsConfig": {"net": {"Aliases": ["web", "backend"]}}},
}
APP = App(name="shop", containers=("web", "web_db"), databases=(Database(container="web_db", name="d", user="u"),))
OTHER = App(name="chat", containers=("chat",))
TARGET = switch_target.from_inventory([], Release(apps=(APP, OTHER), proxy=Proxy(containers=("nginx",)), side_by_side=("shop",), drain=60))


class Stage:
    """A server with one container that serves, and time that passes by itself."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.engine, self.patch = root, Engine(str(root)), monkeypatch
        self.engine.has_image("web:2", NEW_IMAGE)
        self.server = Server(self.engine.client, lambda *_a, **_k: (0, "", ""), str(root), PROJECT, [], "", None, False, 0, {})
        self.run("web", "web:1", OLD_IMAGE)
        self.engine.run("web_db", "postgres:15", OLD_IMAGE)
        self.now, self.open = 0.0, [0]
        self.touched, self.service, self.settings = ["web", "web_db", "chat"], dict(SERVICE), dict(SETTINGS)
        monkeypatch.setattr(beside.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(beside.time, "sleep", self.sleep)
        monkeypatch.setattr(beside, "served", lambda _pid: self.open.pop(0) if len(self.open) > 1 else self.open[0])
        monkeypatch.setattr(beside, "available", lambda: 1 << 40)
        monkeypatch.setattr(beside.run, "wait_until_healthy", self.health)
        monkeypatch.setattr(Project, "would_touch", lambda _self: self.touched)
        monkeypatch.setattr(Project, "services", lambda _self: [self.service])
        monkeypatch.setattr(Project, "carried", lambda _self: {})
        monkeypatch.setattr(Project, "wanted_container", lambda _self, _service, _name: self.settings)
        self.asked: list[Any] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, name: str, image: str, identifier: str, made: str = "", aliases: tuple[str, ...] = ("web", "backend")) -> None:
        self.engine.run(name, image, identifier)
        one = self.engine.running[name]
        one["Config"]["Labels"] |= {SERVICE_LABEL: "backend", **({LABEL: made} if made else {})}
        one["NetworkSettings"]["Networks"] = {"net": {"Aliases": list(aliases), "DNSNames": [name, *aliases]}}

    def health(self, gate: Any, _secrets: dict[str, str], _tell: Any) -> tuple[bool, dict[str, Any]]:
        self.asked.append(gate)
        names = [*gate.containers]
        healthy = all(self.engine.running[name]["State"]["Health"]["Status"] == "healthy" for name in names)
        return healthy, {"msg": f"{names} unhealthy", "failed_fast": True}

    @property
    def names(self) -> dict[str, str]:
        """Return which image the containers of each name run, but for the database, which nothing here touches."""
        return {name: one["Image"] for name, one in self.engine.running.items() if name != "web_db"}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def test_the_new_one_serves_before_the_old_one_is_touched(stage: Stage) -> None:
    done = beside.exchange(stage.server, TARGET)
    assert done.containers == ["web"] and stage.names == {"web": NEW_IMAGE}
    # What its database does for the new one, such as a migration, is work that it is waited for.
    assert list(stage.asked[0].containers) == ["web_beside", "web_db"]
    events = [one for one in stage.engine.events if "web" in one]
    assert events == ["start web_beside", "rename to web_before web", "rename to web web_beside", "stop web_before", "remove web_before"]
    assert stage.engine.running["web"]["Config"]["Labels"] == {**SETTINGS["Labels"], LABEL: "web"}
    # By its own name it is found as whoever has that; the service's it has from the beginning.
    assert stage.engine.running["web"]["NetworkSettings"]["Networks"]["net"]["Aliases"] == ["backend"]


def test_databases_and_other_apps_are_left_to_compose(stage: Stage) -> None:
    assert beside.meant(TARGET) == {"web"}
    off = dataclasses.replace(TARGET, release=dataclasses.replace(TARGET.release, side_by_side=()))
    assert beside.exchange(stage.server, off) == beside.Exchanged() and stage.engine.events == []
    assert beside.foretold(TARGET, ["chat", "web", "web_db"]) == [
        "Started beside the ones that serve, which then have 60 s to finish: web."
    ]
    assert beside.foretold(off, ["web"]) == []


def test_one_that_is_not_healthy_goes_and_the_old_one_has_never_stopped(stage: Stage) -> None:
    stage.engine.turns_out[NEW_IMAGE] = "unhealthy"
    before = stage.engine.running["web"]["Id"]
    with pytest.raises(BesideError, match="web_beside"):
        beside.exchange(stage.server, TARGET)
    assert stage.names == {"web": OLD_IMAGE} and stage.engine.running["web"]["Id"] == before
    assert "stop web" not in stage.engine.events


@pytest.mark.parametrize(
    ("aliases", "open_ones", "seconds", "told"),
    [
        (("backend",), [3, 2, 0], 5, "ended after 5 s."),
        (("backend",), [2], 60, "ended after 60 s, 2 open connections were ended."),
        # What Compose made answers for the name as long as it is there.
        (("web", "backend"), [2], 4, "ended after 4 s, 2 open connections were ended."),
    ],
)
def test_the_old_one_finishes_what_it_has_begun(
    stage: Stage, aliases: tuple[str, ...], open_ones: list[int], seconds: int, told: str
) -> None:
    stage.run("web", "web:1", OLD_IMAGE, aliases=aliases)
    first, stage.open = open_ones[0], open_ones
    seen: list[str] = []
    server = dataclasses.replace(stage.server, tell=seen.append)
    assert beside.exchange(server, TARGET).notes == [f"web: exchanged beside the one before, which {told}"]
    assert stage.now == pytest.approx(seconds, abs=0.5)
    assert seen[0] == f"the web of before finishes what it has begun, open connections: {first}, 4 of 60 s"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ports": [{"published": 1}]}, "it publishes ports"),
        ({"network_mode": "host", "networks": None}, "it is on no network"),
        ({"networks": {"net": {"ipv4_address": "10.0.0.2"}}}, "it has an address of its own"),
        ({"service": "renamed"}, "its service has another name in the release"),
    ],
)
def test_what_cannot_run_twice_is_left_to_compose_and_told(stage: Stage, change: dict[str, Any], told: str) -> None:
    stage.service |= change
    done = beside.exchange(stage.server, TARGET)
    assert done.containers == [] and stage.names == {"web": OLD_IMAGE}
    [note] = done.notes
    assert note.startswith(f"web: stopped before the new one is started, since {told}")


def test_one_that_is_on_a_network_of_its_app_as_well_is_exchanged_on_both(stage: Stage) -> None:
    stage.settings["NetworkingConfig"] = {"EndpointsConfig": {name: {"Aliases": ["web", "backend"]} for name in ("net", "shop_databases")}}
    stage.service["networks"] = {"databases": None, "net": None}
    # The first time it gets there the usual way.
    [note] = beside.exchange(stage.server, TARGET).notes
    assert note == "web: stopped before the new one is started, since it is on other networks."
    there = stage.engine.running["web"]["NetworkSettings"]["Networks"]
    there["shop_databases"] = {"Aliases": ["web", "backend"]}
    [note] = beside.exchange(stage.server, TARGET).notes
    assert "does not say by which names" in note
    there["shop_databases"]["DNSNames"] = ["web", "backend"]
    assert beside.exchange(stage.server, TARGET).containers == ["web"]
    made = stage.engine.running["web"]["NetworkSettings"]["Networks"]
    assert {name: one["Aliases"] for name, one in made.items()} == {"net": ["backend"], "shop_databases": ["backend"]}


def test_networks_are_compared_by_their_ids_where_compose_names_them_so(stage: Stage) -> None:
    stage.settings["NetworkingConfig"] = {"EndpointsConfig": {"id of net": {"Aliases": ["web", "backend"]}}}
    assert "it is on other networks" in beside.exchange(stage.server, TARGET).notes[0]
    stage.engine.running["web"]["NetworkSettings"]["Networks"]["net"]["NetworkID"] = "id of net"
    assert beside.exchange(stage.server, TARGET).containers == ["web"]


def test_neither_is_what_the_engine_or_the_server_cannot_do(stage: Stage) -> None:
    network = stage.engine.running["web"]["NetworkSettings"]["Networks"]["net"]
    names = network.pop("DNSNames")
    assert "does not say by which names" in beside.exchange(stage.server, TARGET).notes[0]
    network["DNSNames"] = names
    stage.engine.running["web"]["Mounts"] = [{"Type": "volume", "Name": "a" * 64}]
    assert "a volume without a name" in beside.exchange(stage.server, TARGET).notes[0]
    stage.patch.setattr(beside, "available", lambda: 10 << 20)
    assert "need 64 MiB of memory, and 10 MiB are free" in beside.exchange(stage.server, TARGET).notes[0]
    assert stage.names == {"web": OLD_IMAGE}


def test_nor_one_whose_schema_loses_what_the_other_may_ask_for(stage: Stage) -> None:
    stage.server.alone["web"] = "the schema loses something"
    assert beside.exchange(stage.server, TARGET).notes == ["web: stopped before the new one is started, since the schema loses something."]
    assert stage.names == {"web": OLD_IMAGE}


def test_more_than_one_container_is_left_to_compose(stage: Stage) -> None:
    stage.settings = None
    assert beside.exchange(stage.server, TARGET).notes == [
        "web: stopped before the new one is started, since more than this container is replaced."
    ]


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("proxy_pass http://web:80;", True),
        ("proxy_pass $upstream;", False),
        ("proxy_pass http://$web;", False),
        ("# proxy_pass http://web;", False),
    ],
)
def test_a_proxy_that_looks_an_address_up_once_needs_the_old_way(stage: Stage, text: str, once: bool) -> None:
    site = stage.root / "nginx/sites/shop.conf"
    site.parent.mkdir(parents=True)
    site.write_text(f"location / {{\n    {text}\n}}\n")
    assert (beside.exchange(stage.server, TARGET).containers == []) is once


@pytest.mark.parametrize(
    ("found", "stays"),
    [
        ({"web": (OLD_IMAGE, ""), "web_beside": (NEW_IMAGE, "web")}, OLD_IMAGE),
        ({"web_before": (OLD_IMAGE, ""), "web_beside": (NEW_IMAGE, "web")}, OLD_IMAGE),
        ({"web": (NEW_IMAGE, "web"), "web_before": (OLD_IMAGE, "")}, NEW_IMAGE),
        ({"web": (OLD_IMAGE, "web"), "web_beside": (NEW_IMAGE, "web")}, OLD_IMAGE),
        ({"web_before": (OLD_IMAGE, "web"), "web_beside": (NEW_IMAGE, "web")}, OLD_IMAGE),
        ({"web": (NEW_IMAGE, "web")}, NEW_IMAGE),
    ],
)
def test_one_that_was_cut_off_is_ended(stage: Stage, found: dict[str, tuple[str, str]], stays: str) -> None:
    stage.engine.running.clear()
    for name, (image, made) in found.items():
        stage.run(name, f"{name}:1", image, made)
    beside.settle(stage.server)
    assert stage.names == {"web": stays}


def test_containers_of_others_with_such_names_are_left_alone(stage: Stage) -> None:
    stage.run("web_before", "web:0", OLD_IMAGE)
    stage.run("web_beside", "web:0", OLD_IMAGE)
    beside.settle(stage.server)
    assert set(stage.names) == {"web", "web_before", "web_beside"}


def test_one_that_somebody_removed_meanwhile_is_no_failure(stage: Stage) -> None:
    beside.end(stage.server, "gone", 10)
