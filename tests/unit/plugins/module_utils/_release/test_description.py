"""What releases of older versions say of themselves is read, and what one says is written again as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import Manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Proxy, Release, parse

# Each was rendered by the code of that version, with its defaults and maymessenger_backend_image=maymessenger_backend:1. Version
# 0.1.0 wrote none.
RECORDED = Path(__file__).parents[3] / "data/release"
OF_BOTH_APPS = [
    ("rarebooks", ("rarebooks_books_db", "rarebooks_users_db", "rarebooks_backend", "rarebooks_frontend"), 3),
    ("maymessenger", ("db_maymessenger", "maymessenger_backend"), 4),
]


def recorded(name: str) -> Release:
    return parse((RECORDED / f"{name}.json").read_bytes())


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDED.iterdir()))
def test_every_version_is_read_to_the_leaves(name: str) -> None:
    release = recorded(name)
    assert [(app.name, app.containers, len(app.checks)) for app in release.apps] == OF_BOTH_APPS
    assert [app.title for app in release.apps] == ["RareBooks", "May Messenger"]
    assert [[database.name for database in app.databases] for app in release.apps] == [
        ["RareBooks_Books", "RareBooks_Users"],
        ["maymessenger"],
    ]
    assert all(database.user == "postgres" and database.schema_query for app in release.apps for database in app.databases)
    assert release.proxy == Proxy(containers=("nginx_container",)) and release.network == "rarebooks_network"
    statuses = [check.status for app in release.apps for check in app.checks]
    assert statuses == [(200,), (200,), (301,), (200,), (401,), (401,), (301,)]


@pytest.mark.parametrize(
    ("name", "certificates", "port", "on_disk"),
    [
        ("0.2.0", ["", ""], 443, False),
        ("0.3.0", ["rare-books.ru", "messenger.rare-books.ru"], 443, False),
        # As `-e proxy_https_port=8443` gave it.
        ("0.3.0_port_given_as_text", ["rare-books.ru", "messenger.rare-books.ru"], 8443, False),
    ],
)
def test_what_a_version_did_not_know_is_empty(name: str, certificates: list[str], port: int, on_disk: bool) -> None:
    release = recorded(name)
    assert [app.certificate for app in release.apps] == certificates
    assert (release.https_port, release.certificates_on_disk, release.by_hand) == (port, on_disk, False)
    assert {volume for app in release.apps for volume in app.volumes} == set()


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDED.iterdir()))
def test_a_backup_says_the_same_of_it(name: str) -> None:
    """A manifest holds the description, without what would be the same if it were not stated."""
    manifest = {
        **dict.fromkeys(("id", "created", "reason", "by", "commit", "project", "release"), ""),
        **{key: {} for key in ("files", "images", "databases", "dumps", "sources")},
        "format": 1,
        "serving": [],
    }
    sealed: Manifest = state.fit({**manifest, "description": json.loads((RECORDED / f"{name}.json").read_text())}, Manifest)
    assert sealed.description == recorded(name)
    again: Manifest = state.fit(json.loads(json.dumps(sealed.to_dict())), Manifest)
    assert again == sealed
    [probe, *_others] = sealed.to_dict()["description"]["apps"][0]["probes"]
    assert set(probe) == {"name", "url"}


def test_of_0_1_0_there_is_no_description() -> None:
    assert live.read_description({}) == Release()


@pytest.mark.parametrize(
    "probe",
    [
        {"url": "https://a.example.org/", "status": 401},
        {"url": "not one"},
        {"url": "https://a.example.org/", "method": "PUT"},
        {"type": "of a newer version", "host": "a.example.org"},
        {"nmae": "misspelt"},
    ],
)
def test_a_probe_that_cannot_be_asked_costs_nothing_else(probe: dict[str, Any]) -> None:
    """Such as of a release that stayed though its gate failed: its databases are dumped all the same."""
    database = {"container": "db", "name": "d", "user": "u"}
    app = {"name": "a", "containers": ["db"], "probes": [probe, {"url": "http://a.example.org/"}], "databases": [database]}
    release = parse(json.dumps({"apps": [app]}).encode())
    assert release.apps[0].checks == [HttpCheck("http://a.example.org/")]
    assert release.apps[0].databases == (Database(**database),)
    assert state.plain(release)["apps"][0]["probes"][0] == probe


def test_what_a_newer_version_says_besides_is_passed_over() -> None:
    text = b'{"apps": [{"name": "a", "title": "A", "containers": [], "new": {"x": 1}}], "format": 2, "newer": []}'
    assert parse(text) == Release(format=2, apps=(App(name="a", title="A", containers=()),))


def test_what_is_sealed_again_of_a_release_by_hand() -> None:
    found = replace(recorded("0.3.0").as_found({"maymessenger_backend", "nginx_container"}, probes=True), asked=True)
    [app] = found.apps
    assert (app.name, app.containers, app.databases, app.certificate, len(app.checks)) == (
        "maymessenger",
        ("maymessenger_backend",),
        (),
        "",
        4,
    )
    assert (found.proxy.containers, found.network, found.by_hand) == (("nginx_container",), "", True)
    assert state.fit(json.loads(json.dumps(state.plain(found))), Release) == found
    assert recorded("0.3.0").as_found({"maymessenger_backend"}, probes=False).apps[0].probes == ()


def test_one_by_hand_has_its_databases_where_everything_is() -> None:
    database = Database(container="db", name="books", user="u", network="own")
    known = Release(apps=(App(name="shop", containers=("db", "web"), databases=(database,)), App(name="blog", containers=("blog",))))
    assert known.own_networks == {"own"} and known.as_found({"db"}, probes=False).own_networks == set()
    # Those that were sealed before there was such a key say nothing of it.
    assert recorded("0.3.0").own_networks == set() and recorded("0.3.0").apps[0].databases


def test_an_app_without_a_title_goes_by_its_name() -> None:
    assert parse(b'{"apps": [{"name": "a", "containers": []}]}').apps[0].title == "a"


def test_no_secret_is_shown() -> None:
    app = state.fit({"name": "a", "containers": [], "secrets": [{"name": "key", "value": "hunter2-hunter2"}]}, App)
    assert "hunter2" not in repr(app) and app.secrets[0].value == "hunter2-hunter2"
