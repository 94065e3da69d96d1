# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What deploys pulled is known by the record alone, and goes when nothing uses it; what is somebody's own stays."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import images
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import image_pull, pulled
from memory_engine import Engine

RELEASES = 50


@pytest.fixture
def engine() -> Engine:
    engine = Engine(registry={f"registry:5000/shop:{number}": str(number) for number in range(RELEASES)})
    engine.has_image("theirs:1", "id of theirs")
    engine.has_image("registry:5000/shop:mine", "id of mine")
    return engine


def test_of_many_releases_only_what_is_kept_remains(engine: Engine, tmp_path: Path) -> None:
    theirs = dict(engine.tags)
    kept: list[str] = []
    for number in range(RELEASES):
        name = f"registry:5000/shop:{number}"
        image_pull.pull(engine.client, [name], False, False, str(tmp_path))
        kept = [*kept, engine.tags[name]][-3:]
        images.drop_pulled(engine.client, str(tmp_path), set(kept))
        assert len(engine.tags) <= len(theirs) + len(kept)
    assert set(engine.tags.values()) == {*kept, *theirs.values()} and theirs.items() <= engine.tags.items()
    assert set(pulled.read(str(tmp_path))) == set(kept)


def test_what_a_container_of_anybody_runs_stays_until_it_is_gone(engine: Engine, tmp_path: Path) -> None:
    image_pull.pull(engine.client, ["registry:5000/shop:1"], False, False, str(tmp_path))
    engine.run("foreign", "registry:5000/shop:1", "id of 1", project="other")
    assert images.drop_pulled(engine.client, str(tmp_path), set()) == []
    engine.running.clear()
    assert images.drop_pulled(engine.client, str(tmp_path), set()) == ["registry:5000/shop:1"]
    assert pulled.read(str(tmp_path)) == {}


def test_what_was_there_is_nobodys_to_remove(engine: Engine, tmp_path: Path) -> None:
    image_pull.pull(engine.client, ["theirs:1"], False, False, str(tmp_path))
    assert images.drop_pulled(engine.client, str(tmp_path), set()) == [] and "theirs:1" in engine.tags


def test_another_name_of_the_same_image_stays(engine: Engine, tmp_path: Path) -> None:
    image_pull.pull(engine.client, ["registry:5000/shop:1"], False, False, str(tmp_path))
    engine.has_image("shop:kept", "id of 1")
    assert images.drop_pulled(engine.client, str(tmp_path), set()) == ["registry:5000/shop:1"]
    assert engine.tags["shop:kept"] == "id of 1"


def test_check_mode_notes_nothing(engine: Engine, tmp_path: Path) -> None:
    image_pull.pull(engine.client, ["registry:5000/shop:1"], False, True, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_record_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / pulled.FILE).write_text("[1]")
    with pytest.raises(StateError, match=r"\.pulled\.json is damaged: .* Remove it: the images"):
        pulled.read(str(tmp_path))


DIGEST = "nginx@sha256:5"


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["nginx:stable"], ["nginx:stable"]),
        # The tag stands for a newer image now.
        ([], [DIGEST]),
        # Somebody's own tag needs the digest.
        (["nginx:theirs"], []),
        (["shop-backup:1"], [DIGEST]),
    ],
)
def test_a_moved_tag_leaves_a_digest(tags: list[str], found: list[str]) -> None:
    image = {"RepoTags": tags, "RepoDigests": [DIGEST, "other@sha256:5"]}
    client: Any = SimpleNamespace(api=SimpleNamespace(inspect_image=lambda _name: image))
    expected = ["nginx:stable", DIGEST] if tags == ["nginx:stable"] else found
    assert pulled.references(client, "id", ["docker.io/library/nginx:stable"]) == expected
