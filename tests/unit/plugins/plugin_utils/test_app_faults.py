"""What is wrong with the description of an app is told with its place, all of it at once, and with what was probably meant."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.plugin_utils._app_faults import read

DATABASE = {"container": "notes_db", "name": "notes", "user": "notes", "volume": "notes_db_data"}
APP: dict[str, Any] = {
    "name": "notes",
    "title": "Notes",
    "server_names": ["notes.example.org"],
    "certificate": "notes",
    "containers": ["notes_web", "notes_db"],
    "volumes": ["notes_db_data"],
    "databases": [DATABASE],
    "images": ["notes:1.0"],
    "secrets": [{"name": "notes_db_password", "value": "correct horse", "fixed": True, "database": "notes_db"}],
    "probes": [{"url": "https://notes.example.org/", "status": [401]}],
}
SOURCE = {"src": "a.zip", "checksum": "", "dest": "a", "image": "a", "required": [], "max_entries": 1, "max_size": 1, "max_ratio": 1}
KEYS = (
    "name, title, server_names, certificate, containers, volumes, databases, kept_files, images, secrets, probes, one_of, formats, source, "
    "site_of, unprefixed_volumes, environment_file, files, notes, problems"
)


def faults(**changes: Any) -> list[str]:
    """Return what is wrong with the app when keys are changed, or left out."""
    app = {key: value for key, value in {**copy.deepcopy(APP), **changes}.items() if value is not ...}
    described, found = read("notes_app", app)
    assert (described is None) == bool(found)
    return [fault.removeprefix("notes_app") for fault in found]


def probe(**keys: Any) -> list[dict[str, Any]]:
    return [{"url": "https://notes.example.org/", **keys}]


def test_what_is_right_is_read_to_the_leaves() -> None:
    app, found = read("notes_app", APP)
    assert not found and app
    assert app.probes == (HttpCheck("https://notes.example.org/", status=(401,)),)
    assert app.databases[0].volume == "notes_db_data" and app.secrets[0].length == 32 and app.source is None
    assert faults(source={}) == faults(source=None) == faults(source=SOURCE) == faults(databases=..., secrets=[]) == []


@pytest.mark.parametrize(
    ("changes", "expected", "got"),
    [
        ({"database": [DATABASE], "databases": ..., "secrets": []}, ": expected the keys of an app", "got database. Write databases."),
        ({"titel": "x", "title": ...}, ": expected the keys of an app", "got titel. Write title."),
        ({"colour": "red"}, ": expected the keys of an app", f"got colour. Its keys are {KEYS}."),
        ({"secrets": [{"name": "a", "lenght": 3}]}, ".secrets[0]: expected the keys of a secret", "got lenght. Write length."),
        ({"probes": probe(stauts=[1])}, ".probes[0]: expected the keys of a probe", "got stauts. Write status."),
    ],
)  # fmt: skip
def test_a_key_that_is_not_known(changes: dict[str, Any], expected: str, got: str) -> None:
    assert faults(**changes) == [f"{expected} (app description 1), {got}"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"images": ...}, [": expected images in it, a list of texts, got no such key. Write images: [] where there are none."]),
        ({"certificate": ...}, [": expected certificate in it, a text, got no such key."]),
        ({"databases": [{**DATABASE, "volume": "notes_db_data", "user": "u"}, {"container": "notes_db", "name": "n", "user": "u"}]},
         [".databases[1]: expected volume in it, a text, got no such key."]),
        ({"probes": [{"name": "x"}]}, [".probes[0]: expected url in it, a text, got no such key."]),
        ({"source": {key: value for key, value in SOURCE.items() if key != "required"}},
         [".source: expected required in it, a list of texts, got no such key."]),
    ],
)  # fmt: skip
def test_a_key_that_is_missing(changes: dict[str, Any], told: list[str]) -> None:
    assert faults(**changes) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"probes": probe(status=401)}, '.probes[0].status: expected a list of whole numbers, got the number 401. Write [401].'),
        ({"probes": probe(status=["401"])},
         '.probes[0].status[0]: expected a whole number, got the text "401". Convert it: {{ ... | int }}.'),
        ({"probes": probe(method="PUT")}, '.probes[0].method: expected one of GET, HEAD, OPTIONS, POST, got the text "PUT".'),
        ({"probes": probe(headers={"a": 1.5})}, ".probes[0].headers.a: expected a text or a whole number, got the number 1.5."),
        ({"probes": probe(json=[1])}, ".probes[0].json: expected a dictionary, got a list."),
        ({"probes": probe(url="notes")}, ".probes[0]: probe 'GET notes': expected a URL like https://host[:port]/path, got 'notes'."),
        ({"probes": probe(type="htp")}, '.probes[0].type: expected a type of probes (http), got the text "htp". Write http.'),
        ({"probes": ["x"]}, '.probes[0]: expected a probe, which is a dictionary, got the text "x".'),
        ({"server_names": "a.org"}, '.server_names: expected a list of texts, got the text "a.org". Write ["a.org"].'),
        ({"volumes": None}, ".volumes: expected a list of texts, got nothing."),
        ({"images": [5]}, ".images[0]: expected a text, got the number 5. Put it in quotes."),
        ({"certificate": True}, ".certificate: expected a text, got the truth value true. Put it in quotes."),
        ({"databases": DATABASE}, ".databases: expected a list of databases, got a dictionary."),
        ({"one_of": ["a"]}, ".one_of: expected a dictionary, got a list."),
        ({"formats": {"size": "50m"}}, '.formats.size: expected a dictionary, got the text "50m".'),
        ({"source": "a.zip"}, '.source: expected a source, which is a dictionary, got the text "a.zip".'),
        ({"source": {**SOURCE, "max_size": "5"}},
         '.source.max_size: expected a whole number, got the text "5". Convert it: {{ ... | int }}.'),
        ({"source": {**SOURCE, "max_size": True}}, ".source.max_size: expected a whole number, got the truth value true."),
    ],
)  # fmt: skip
def test_a_value_of_another_type(changes: dict[str, Any], told: str) -> None:
    assert faults(**changes) == [told]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"databases": [{**DATABASE, "container": "notes_bd"}], "secrets": []},
         ".databases[0].container: expected one of the app's containers (notes_web, notes_db), got the text \"notes_bd\". Write notes_db."),
        ({"databases": [DATABASE, {**DATABASE, "name": "archive"}]},
         ".databases: expected one in each container, got 2 in notes_db: dumps, restores and rollbacks go by container. Give each a "
         "container of its own."),
        ({"databases": [{**DATABASE, "network": "rarebooks_network"}]},
         ".databases[0].network: expected a network of this app alone, got the text \"rarebooks_network\". Leave it out: rarebooks_network "
         "is meant then."),
        ({"volumes": []}, ".databases[0].volume: expected one of the app's volumes (none), got the text \"notes_db_data\"."),
        ({"databases": []}, ".secrets[0].database: expected one of the app's containers of databases (none), got the text \"notes_db\"."),
        ({"secrets": [{"name": "notes_key", "taken_from": {"container": "notes_wb", "variable": "KEY"}}]},
         ".secrets[0].taken_from.container: expected one of the app's containers (notes_web, notes_db), got the text \"notes_wb\". "
         "Write notes_web."),
        ({"secrets": [{**APP["secrets"][0], "taken_from": {"container": "notes_db", "variable": "POSTGRES_PASSWORD"}}]},
         ".secrets[0]: expected database or taken_from, got both. The password of a database is taken from its container anyway."),
    ],
)  # fmt: skip
def test_what_the_app_does_not_have(changes: dict[str, Any], told: str) -> None:
    assert faults(**changes) == [told]


@pytest.mark.parametrize(
    "secrets",
    ["hunter2", ["hunter2"], [{"name": "a", "value": ["hunter2"]}], [{"name": "a", "length": "hunter2"}], {"a": "hunter2"}],
)
def test_no_secret_is_shown(secrets: Any) -> None:
    (fault,) = faults(secrets=secrets)
    assert "hunter2" not in fault and fault.startswith(".secrets")


def test_all_faults_are_told_at_once() -> None:
    found = faults(name=5, titel="x", title=..., images=..., probes=[{"url": "x", "status": 1}, {"utl": "y"}])
    assert [fault.partition(", got")[0] for fault in found] == [
        ": expected the keys of an app (app description 1)",
        ".name: expected a text",
        ": expected images in it, a list of texts",
        ".probes[0].status: expected a list of whole numbers",
        ".probes[1]: expected the keys of a probe (app description 1)",
    ]


def test_what_is_no_description_at_all() -> None:
    assert read("notes_app", "x")[1] == ['notes_app: expected an app, which is a dictionary, got the text "x".']
    assert len(read("notes_app", {})[1]) == 9
