"""The module network_attachments over an engine in memory: what is attached, who is named, and moving to a network made anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import docker.errors
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import NETWORK_LABEL, PROJECT_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.modules import network_attachments
from machine import Machine
from memory_engine import PROJECT

NAMES = ("db", "nginx", "web")
OWN = f"{PROJECT}_own"


class Networked(Machine):
    """A server whose containers share one network, in which the web has a second name."""

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        found = super().files(number, *more)
        document = json.loads(found[0]["content"])
        document["networks"] = {"shared": {"name": "net"}}
        for name, service in document["services"].items():
            service["networks"] = {"shared": {"aliases": ["www"]} if name == "web" else None}
        found[0]["content"] = json.dumps(document)
        return found

    def repair(self, check: bool = False, **options: Any) -> dict[str, Any]:
        run = Run() if check else self.run("repair network")
        common: dict[str, Any] = {"proxy_record": str(self.root / ".loaded.json"), "proxy_paths": [str(self.root / "nginx")]}
        common |= {"deadline": 1, "lease_directory": self.place.directory}
        began = len(self.engine.events)
        more = {"run": run.to_dict(), "_ansible_check_mode": check, "_ansible_diff": True}
        result = self.call(network_attachments, **{**common, **more, **options})
        self.done = self.engine.events[began:]
        return result

    def deployed(self) -> Self:
        """Have a release live."""
        self.image(1)
        result = self.deploy(1)
        assert not result.get("failed"), result["msg"]
        return self

    def attached(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.engine.running[name]["NetworkSettings"]["Networks"]
        return found


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Networked:
    machine = Networked(tmp_path, monkeypatch, capsys).deployed()
    machine.attached("web")["net"]["Aliases"].append("www")
    return machine


def test_a_sound_network_is_left_alone(server: Networked) -> None:
    result = server.repair()
    assert (result["changed"], result["repaired"], result["foreign"], server.done) == (False, [], [], [])


def test_what_was_lost_is_attached_again_and_nothing_restarted(server: Networked) -> None:
    server.attached("web").clear()
    server.attached("db")["net"]["Aliases"] = []
    foretold = server.repair(check=True)
    assert server.done == [] and foretold["changed"]
    result = server.repair()
    assert result["repaired"] == foretold["repaired"] == ["db had lost its name db on network net", "web had lost its network net"]
    assert server.done == ["disconnect db net", "connect db net", "connect web net"]
    assert server.attached("web")["net"]["Aliases"] == ["web", "www"] and server.attached("db")["net"]["Aliases"] == ["db"]
    assert server.ledger[-1] == ("repair network", "done") and not server.repair()["changed"]


def test_a_stopped_container_is_attached_too(server: Networked) -> None:
    server.engine.containers.get("web").stop()
    server.attached("web").clear()
    assert server.repair()["changed"] and "net" in server.attached("web")


def test_a_foreign_container_that_bears_one_of_our_names_is_named_and_not_touched(server: Networked) -> None:
    server.engine.make("neighbour", "nginx:1", labels={})
    server.attached("neighbour").update(net={"Aliases": ["web", "neighbour"]})
    result = server.repair()
    assert result["failed"] and result["foreign"] == [{"container": "neighbour", "network": "net", "names": ["web"]}]
    assert "docker network disconnect net neighbour" in result["msg"] and server.done == []
    # What else is found is told with it, before and after it is repaired.
    server.attached("db").clear()
    assert "db had lost its network net: this would be repaired." in server.repair(check=True)["msg"] and server.done == []
    assert "db had lost its network net, and was attached again" in server.repair()["msg"] and server.done == ["connect db net"]
    server.done.clear()
    server.attached("neighbour").update(net={"Aliases": ["neighbour"]})
    assert server.repair()["foreign"] == [{"container": "neighbour", "network": "net", "names": []}]
    refused = server.repair(recreate=True)
    assert refused["result"] == "refused" and "got neighbour, which would lose it" in refused["msg"] and server.done == []


class Apart(Networked):
    """One whose database is on a network of its app alone, and the web on both."""

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        compose, stated, *others = super().files(number, *more)
        document, release = json.loads(compose["content"]), json.loads(stated["content"])
        document["networks"]["own"] = {"name": OWN, "internal": True}
        document["services"]["db"]["networks"] = {"own": None}
        document["services"]["web"]["networks"]["own"] = None
        release["apps"][0]["databases"][0]["network"] = "own"
        return [{**compose, "content": json.dumps(document)}, {**stated, "content": json.dumps(release)}, *others]


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Apart:
    return Apart(tmp_path, monkeypatch, capsys).deployed()


def test_a_network_of_databases_that_is_gone_is_made_again_as_compose_makes_it(apart: Apart) -> None:
    assert not apart.repair()["changed"]
    for name in ("db", "web"):
        del apart.attached(name)[OWN]
    apart.engine.network_names.discard(OWN)
    lost = [f"db had lost its network {OWN}", f"web had lost its network {OWN}", f"Network {OWN} was missing"]
    assert apart.repair(check=True)["repaired"] == apart.repair()["repaired"] == lost
    assert apart.done == [f"create internal network {OWN}", f"connect db {OWN}", f"connect web {OWN}"]
    assert apart.engine.network_labels[OWN] == {PROJECT_LABEL: PROJECT, NETWORK_LABEL: "own"}
    assert set(apart.attached("db")) == {OWN} and not apart.repair()["changed"]


def test_whoever_else_is_on_a_network_of_databases_is_named(apart: Apart) -> None:
    apart.engine.make("neighbour", "nginx:1", labels={})
    apart.attached("neighbour").update({OWN: {"Aliases": ["neighbour"]}})
    result = apart.repair()
    assert not result["changed"] and result["foreign"] == [{"container": "neighbour", "network": OWN, "names": []}]
    apart.attached("neighbour")[OWN]["Aliases"].append("db")
    result = apart.repair()
    assert result["failed"] and f"docker network disconnect {OWN} neighbour" in result["msg"]
    apart.attached("neighbour")[OWN]["Aliases"].remove("db")
    # It would lose nothing by the other network.
    assert apart.repair(recreate=True)["changed"] and "remove network net" in apart.done


def test_the_shared_network_is_made_anew_without_touching_that_of_databases(apart: Apart) -> None:
    result = apart.repair(recreate=True)
    assert not result.get("failed"), result["msg"]
    assert not any(OWN in event or " db " in event for event in apart.done)
    assert (set(apart.attached("db")), set(apart.attached("web"))) == ({OWN}, {"net", OWN})


def test_a_network_is_made_anew_under_running_containers(server: Networked) -> None:
    started = {name: server.engine.running[name]["State"]["StartedAt"] for name in NAMES}
    assert server.repair(check=True, recreate=True)["changed"] and server.done == []
    result = server.repair(recreate=True)
    assert not result.get("failed"), result["msg"]
    assert {name: server.engine.running[name]["State"]["StartedAt"] for name in NAMES} == started
    assert {name: set(server.attached(name)) for name in NAMES} == {name: {"net"} for name in NAMES}
    assert server.attached("web")["net"]["Aliases"] == ["web", "www"] and {
        one.name for one in server.engine.networks.list() if "net" in one.name
    } == {"net"}
    # Nobody is ever without a network, and the proxy leaves each first.
    left = [event for event in server.done if event.startswith("disconnect")]
    assert left[0] == "disconnect nginx net" and left[3] == "disconnect nginx net_meanwhile"
    assert server.ledger[-1] == ("repair network", "done")
    again = server.deploy(1)
    assert (again["changed"], again["reasons"], again["file_reasons"]) == (False, {}, {})


def bind(server: Networked) -> None:
    """Have the containers know their network by its id, as some engines do."""
    (network,) = server.engine.networks.list(names=["net"])
    for name in NAMES:
        server.engine.running[name]["HostConfig"]["NetworkMode"] = network.id


def test_an_engine_that_knows_networks_by_id_has_containers_made_anew_one_app_at_a_time(server: Networked) -> None:
    bind(server)
    server.engine.containers.get("web").stop()
    before = {name: server.engine.running[name]["Id"] for name in NAMES}
    result = server.repair(recreate=True)
    assert not result.get("failed"), result["msg"]
    after = {name: server.engine.running[name]["Id"] for name in NAMES}
    assert all(before[name] != after[name] for name in NAMES) and server.engine.running["web"]["State"]["Status"] == "created"
    assert {name: set(server.attached(name)) for name in NAMES} == {name: {"net"} for name in NAMES}
    made = [event.split()[-1] for event in server.done if event.startswith("start ")]
    assert made == ["db", "nginx"] and len([note for note in result["notes"] if "was made anew: this engine" in note]) == 3


def test_a_network_that_somebody_made_anew_by_hand_is_repaired_too(server: Networked) -> None:
    bind(server)
    for name in NAMES:
        server.attached(name).clear()
    server.engine.networks.create("net")
    result = server.repair()
    assert not result.get("failed"), result["msg"]
    assert {name: set(server.attached(name)) for name in NAMES} == {name: {"net"} for name in NAMES}
    assert not server.repair()["changed"]


def test_an_engine_that_fails_half_way_leaves_a_next_step(server: Networked, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> None:
        raise docker.errors.APIError("the engine is broken")

    with monkeypatch.context() as patch:
        patch.setattr(type(server.engine.networks.get("net")), "remove", broken)
        result = server.repair(recreate=True)
    assert result["result"] == "failed" and "is broken" in result["msg"] and "ansible-playbook network.yml" in result["msg"]
    assert not server.repair().get("failed") and not server.repair()["changed"]


@pytest.mark.parametrize("events", range(1, 16))
def test_one_that_was_cut_off_is_brought_to_its_end(server: Networked, monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """Dies at each thing that it does to the network; the next call repairs."""
    note = server.engine.events.append
    before = len(server.engine.events)

    class Dying(list[str]):
        def append(self, event: str) -> None:
            if "net" in event and len([one for one in self[before:] if "net" in one]) >= events:
                raise KeyboardInterrupt
            super().append(event)

    server.engine.events = Dying(server.engine.events)
    with pytest.raises(KeyboardInterrupt):
        server.repair(recreate=True)
        raise KeyboardInterrupt  # Where it was quicker than that.
    server.engine.events = list(server.engine.events)
    assert note
    result = server.repair()
    assert not result.get("failed"), result["msg"]
    assert {name: set(server.attached(name)) for name in NAMES} == {name: {"net"} for name in NAMES}
    assert {one.name for one in server.engine.networks.list() if "net" in one.name} == {"net"} and not server.repair()["changed"]
