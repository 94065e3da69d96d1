"""Nothing of a service comes along to a rehearsal that would reach what is live, the world or the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal.definition import KEPT, rehearsed, text_of

TREE = "/var/lib/x/drill/20261124_083000/files"
DUMP = "/var/lib/x/drill/20261124_083000/dumps/chat.dump"
APP = {
    "container_name": "chat_backend",
    "image": "chat:1",
    "build": {"context": "."},
    "environment": {"PASSWORD": "pa$$word"},
    "healthcheck": {"test": ["CMD", "probe"]},
    "depends_on": {"db": {"condition": "service_healthy"}, "mail": {"condition": "service_started"}},
    "networks": {"shared": {"aliases": ["api"]}},
}
DB = {"container_name": "db_chat", "image": "postgres:15", "networks": None}
MAIL = {"container_name": "mail", "image": "mail:1"}
DOCUMENT = {"services": {"backend": APP, "db": DB, "mail": MAIL}, "networks": {"shared": {"external": True}}, "volumes": {"rows": None}}


def made(**more: Any) -> dict[str, Any]:
    document = {**DOCUMENT, "services": {**DOCUMENT["services"], "backend": {**APP, **more}}}
    return rehearsed(document, "drill", {"chat_backend": "sha256:app", "db_chat": "sha256:db"}, {"db_chat": DUMP}, TREE, "shop")


def test_only_what_is_chosen_comes_with_the_image_that_was_sealed() -> None:
    services = made()["services"]
    assert {name: one["image"] for name, one in services.items()} == {"backend": "sha256:app", "db": "sha256:db"}
    # That a database answers is known before it is filled; its health is not waited for once more.
    assert services["backend"]["depends_on"] == {"db": {"condition": "service_started"}}
    assert all(one["pull_policy"] == "never" and one["restart"] == "no" for one in services.values())


def test_the_network_has_no_way_out_and_each_container_the_names_by_which_others_know_it() -> None:
    found = made()
    assert found["networks"] == {"default": {"internal": True, "labels": {"rarebooks.platform.project": "shop"}}}
    assert found["services"]["backend"]["networks"] == {"default": {"aliases": ["api", "backend", "chat_backend"]}}


@pytest.mark.parametrize(
    "dangerous",
    [
        {"privileged": True},
        {"ports": [{"published": "80", "target": 80}]},
        {"network_mode": "host"},
        {"pid": "host"},
        {"devices": ["/dev/sda"]},
        {"cap_add": ["SYS_ADMIN"]},
        {"container_name": "chat_backend"},
        {"extra_hosts": ["host.docker.internal:host-gateway"]},
    ],
    ids=lambda one: next(iter(one)),
)
def test_what_reaches_the_server_stays_behind(dangerous: dict[str, Any]) -> None:
    (name,) = dangerous
    assert name not in KEPT
    assert name not in made(**dangerous)["services"]["backend"]


@pytest.mark.parametrize(
    ("volume", "comes"),
    [
        ({"type": "volume", "source": "pictures", "target": "/pictures"}, False),
        ({"type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock"}, False),
        ({"type": "bind", "source": f"{TREE}/../../other", "target": "/x"}, False),
        ({"type": "bind", "source": f"{TREE}-other/x", "target": "/x"}, False),
        ({"type": "bind", "source": f"{TREE}/config/app.json", "target": "/app.json"}, True),
    ],
)
def test_of_mounts_only_files_of_the_release_come_and_they_are_read_only(volume: dict[str, Any], comes: bool) -> None:
    assert made(volumes=[volume])["services"]["backend"]["volumes"] == ([{**volume, "read_only": True}] if comes else [])


def test_who_gives_all_capabilities_back_and_takes_some_of_dockers_own_has_these_there_too() -> None:
    found = made(cap_drop=["ALL"], cap_add=["CHOWN", "CAP_SETUID", "SYS_ADMIN", "CAP_NET_ADMIN"])["services"]["backend"]
    assert (found["cap_drop"], found["cap_add"]) == (["ALL"], ["CHOWN", "CAP_SETUID"])


def test_nothing_runs_in_a_database_before_it_is_filled(tmp_path: Path) -> None:
    scripts = [f"{TREE}/init.sql:/docker-entrypoint-initdb.d/init.sql", f"{TREE}/init:/docker-entrypoint-initdb.d", f"{TREE}/own:/etc/own"]
    volumes = [{"type": "bind", "source": one.split(":")[0], "target": one.split(":")[1]} for one in scripts]
    document = {"services": {"backend": {**APP, "volumes": volumes}, "db": {**DB, "volumes": volumes}}}
    services = rehearsed(document, "drill", {"chat_backend": "a", "db_chat": "b"}, {"db_chat": DUMP}, TREE, "shop")["services"]
    assert [one["target"] for one in services["db"]["volumes"]] == ["/etc/own", "/dump"]
    assert len(services["backend"]["volumes"]) == 3


def test_a_file_that_is_kept_from_this_release_on_is_that_of_the_image(tmp_path: Path) -> None:
    volume = {"type": "bind", "source": f"{tmp_path}/staged/files/new.json", "target": "/app/new.json"}
    document = {"services": {"backend": {**APP, "volumes": [volume]}}}
    found = rehearsed(document, "try", {"chat_backend": "sha256:app"}, {}, f"{tmp_path}/staged", "shop", f"{tmp_path}/live")
    assert found["services"]["backend"]["volumes"] == []


def test_a_database_sees_its_dump() -> None:
    assert made()["services"]["db"]["volumes"] == [{"type": "bind", "source": DUMP, "target": "/dump", "read_only": True}]


def test_compose_reads_what_is_written_as_it_was_read() -> None:
    text = text_of(made())
    assert json.loads(text.decode().replace("$$", "$")) == made()
    assert b"pa$$$$word" in text


def test_a_file_that_a_container_keeps_is_read_where_it_is_kept_until_it_is_in_the_release(tmp_path: Path) -> None:
    tree, kept = tmp_path / "staged", tmp_path / "live"
    for path in (tree / "here", kept / "files/settings.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    sources = [tree / "here", tree / "files/settings.json", kept / "backups", "/etc/passwd"]
    volumes = [{"type": "bind", "source": str(one), "target": f"/{number}"} for number, one in enumerate(sources)]
    document = {"services": {"backend": {**APP, "volumes": volumes}}}
    found = rehearsed(document, "try", {"chat_backend": "sha256:app"}, {}, str(tree), "shop", str(kept))["services"]["backend"]["volumes"]
    assert [(one["source"], one["read_only"]) for one in found] == [(str(tree / "here"), True), (str(kept / "files/settings.json"), True)]
