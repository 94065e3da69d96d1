"""Another image and volume are written into the files of a release as its templates write them, and nothing else is."""

from __future__ import annotations

import json

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import moves
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.retarget import Retarget
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.standing import OperationError

DATA = "/var/lib/postgresql/data"
CHANGE = Retarget("db", "chat_db", ("postgres:15", "postgres:17"), ("data", "data_17"), (DATA, DATA))
COMPOSE = """
services:
  db:
    image: postgres:15
    container_name: chat_db
    volumes:
      - data:/var/lib/postgresql/data
    # postgres:15 writes its checkpoint before it stops.

  other:
    image: postgres:15
    container_name: other
    volumes:
      - other_data:/var/lib/postgresql/data
volumes:
  data:
  other_data:
"""


def test_the_service_and_its_volume_change_alone() -> None:
    expected = (
        COMPOSE.replace("image: postgres:15", "image: postgres:17", 1).replace("- data:", "- data_17:").replace("  data:", "  data_17:")
    )
    assert CHANGE.edited("compose/chat.yml", COMPOSE) == expected


def test_the_mount_moves_with_it() -> None:
    moved = Retarget("db", "chat_db", ("postgres:15", "postgres:18"), ("data", "data_18"), (DATA, "/var/lib/postgresql"))
    text = moved.edited("compose/chat.yml", COMPOSE)
    assert "- data_18:/var/lib/postgresql\n" in text and "- other_data:/var/lib/postgresql/data\n" in text


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_stay(quote: str) -> None:
    text = COMPOSE.replace("image: postgres:15", f"image: {quote}postgres:15{quote}", 1)
    assert f"image: {quote}postgres:17{quote}" in CHANGE.edited("compose/chat.yml", text)


def test_other_files_stay_as_they_are() -> None:
    assert CHANGE.edited("env/db.env", "POSTGRES_DB=data\n") == "POSTGRES_DB=data\n"
    assert CHANGE.edited("compose/other.yml", "services: {data: {image: postgres:15}}") == "services: {data: {image: postgres:15}}"


def test_the_description_has_the_volume_in_the_form_in_which_it_was_written() -> None:
    described = {"apps": [{"databases": [{"volume": "data"}], "volumes": ["data", "data_of_others"]}]}
    text = json.dumps(described, indent=1)
    edited = json.loads(CHANGE.edited("release.json", text))
    assert edited == {"apps": [{"databases": [{"volume": "data_17"}], "volumes": ["data_17", "data_of_others"]}]}


@pytest.mark.parametrize("indent", [None, 1])
def test_what_else_has_the_name_of_the_volume_keeps_it(indent: int | None) -> None:
    database = {"container": "shop", "name": "shop", "user": "shop", "volume": "shop"}
    app = {
        "name": "shop",
        "containers": ["shop"],
        "volumes": ["shop", "shop_media"],
        "unprefixed_volumes": ["shop"],
        "databases": [database],
    }
    change = Retarget("db", "shop", ("postgres:15", "postgres:17"), ("shop", "shop_17"), (DATA, DATA))
    moved = {"volumes": ["shop_17", "shop_media"], "unprefixed_volumes": ["shop_17"], "databases": [{**database, "volume": "shop_17"}]}
    edited = change.edited("release.json", json.dumps({"network": "shop", "apps": [app]}, indent=indent))
    assert edited == json.dumps({"network": "shop", "apps": [{**app, **moved}]}, indent=indent)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("postgres:15", "postgres:17"),
        ("postgres:15.8-bookworm", "postgres:17"),
        ("registry.example:5000/postgres:15-alpine", "registry.example:5000/postgres:17-alpine"),
        ("postgres:15-alpine3.20@sha256:18ab", "postgres:17-alpine3.20"),
    ],
)
def test_the_next_image_follows_from_the_tag(image: str, name: str) -> None:
    assert moves.newer(image, 17) == name


@pytest.mark.parametrize("image", ["postgres:latest", "postgres@sha256:18ab", "timescale/timescaledb:2.18.0-pg15", "ours/db:3"])
def test_one_without_a_version_has_to_be_said(image: str) -> None:
    with pytest.raises(OperationError, match="-e image=NAME"):
        moves.newer(image, 17)
