"""Whether containers are in their networks, and databases are reached by their app alone."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import Project
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import PROJECT_LABEL, SERVICE_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import network
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.observed import Observed
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.settings import Settings

ALL, OWN = "rarebooks_network", "p_shop_databases"
DOCUMENT: dict[str, Any] = {
    "services": {
        "db": {"networks": {"shop_databases": None}},
        "web": {"networks": {"rarebooks_network": None, "shop_databases": None}},
        "chat": {"networks": {"rarebooks_network": None}},
    },
    "networks": {"rarebooks_network": {"name": ALL, "external": True}, "shop_databases": {"name": OWN, "internal": True}},
}
DATABASE = Database(container="db", name="Books", user="u", network="shop_databases")
APPS = (
    App(name="shop", title="Shop", containers=("db", "web"), databases=(DATABASE,)),
    App(name="chat", title="Chat", containers=("chat",)),
)


class Server:
    """A server of two apps, of which one has a database."""

    def __init__(self) -> None:
        self.networks = {"db": [OWN], "web": [ALL, OWN], "chat": [ALL]}
        self.carried: dict[str, str] = {}
        # Somebody's own containers, with the network that each is on.
        self.others: dict[str, str] = {}

    def found(self) -> dict[str, tuple[str, str, str]]:
        """Return level, text and next step by container."""
        inspected = {name: self._inspected(name, name, there) for name, there in self.networks.items()}
        others = {name: self._inspected(name, "", [there]) for name, there in self.others.items()}
        listed = [
            {"Id": name, "Names": [f"/{name}"], "Labels": one["Config"]["Labels"], "NetworkSettings": one["NetworkSettings"]}
            for name, one in {**inspected, **others}.items()
        ]
        api = SimpleNamespace(networks=lambda names: [{"Name": name} for name in names], inspect_container=others.__getitem__)
        client: Any = SimpleNamespace(api=api)
        release = Release(network=ALL, apps=APPS)
        server = Observed(Settings("/x", "p", "/x/s"), client, SimpleNamespace(), release, inspected, listed)  # type: ignore[arg-type]
        return {one.subject: (one.level, str(one.text), str(one.next)) for one in network.check(server)}

    def _inspected(self, name: str, service: str, there: list[str]) -> dict[str, Any]:
        labels = {PROJECT_LABEL: "p", SERVICE_LABEL: service} if service else {}
        return {
            "Id": f"{name:0<12}",
            "State": {"Status": "running"},
            "Config": {"Labels": labels},
            "NetworkSettings": {"Networks": {one: {"Aliases": [name], "DNSNames": None} for one in there}},
        }


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(Project, "document", lambda _self: copy.deepcopy(DOCUMENT))
    monkeypatch.setattr(Project, "carried", lambda _self: made.carried)
    return made


def test_it_passes_and_says_who_reaches_a_database(server: Server) -> None:
    found = server.found()
    assert {level for level, _text, _step in found.values()} == {"passed"}
    assert found["db"][1] == f"is reached by Shop alone, on network {OWN}"
    assert found["web"][1] == f"is found by its name on network {OWN}, {ALL}"


@pytest.mark.parametrize(
    ("there", "text", "step"),
    [
        ([ALL, OWN], f"expected it on network {OWN} alone, got it on {ALL} too", f"docker network disconnect {ALL} db"),
        ([ALL], f"expected it on network {OWN}, got it on {ALL}", "ansible-playbook network.yml"),
        ([], f"expected it on network {OWN}, got it on none", "ansible-playbook network.yml"),
    ],
)
def test_a_database_on_another_network_fails(server: Server, there: list[str], text: str, step: str) -> None:
    server.networks["db"] = there
    level, said, next_step = server.found()["db"]
    assert level == "failed" and said.startswith(text) and step in next_step


def test_an_app_that_lost_the_way_to_its_database_fails(server: Server) -> None:
    server.networks["web"] = [ALL]
    assert server.found()["web"][:2] == ("failed", f"expected it on network {OWN}, got it on {ALL}")


@pytest.mark.parametrize(("whose", "expected"), [("chat", "failed"), ("somebody", "warning")])
def test_whoever_else_is_on_the_network_of_databases_is_named(server: Server, whose: str, expected: str) -> None:
    if whose == "chat":
        server.networks["chat"].append(OWN)
    else:
        server.others["somebody"] = OWN
    level, text, step = server.found()[whose]
    assert level == expected and text == f"expected none but containers of Shop on network {OWN}, where its databases are"
    assert step == f"docker network disconnect {OWN} {whose}"


def test_what_was_carried_over_may_be_where_it_was(server: Server) -> None:
    server.networks |= {"db": [ALL], "web": [ALL]}
    server.carried = {"db": "db", "web": "web"}
    assert {level for level, _text, _step in server.found().values()} == {"passed"}
    # Of these the web has to be where the database has been made anew.
    server.networks["db"], server.carried = [OWN], {"web": "web"}
    assert server.found()["web"][:2] == ("failed", f"expected it on network {OWN}, got it on {ALL}")
