"""Pulling: what is there is left alone, what is not is asked for, and check mode says the same without doing it."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import image_pull
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.image_pull import Pulled, PullError
from memory_engine import Engine


def stands_for(engine: Engine, name: str, digest: str) -> None:
    """Let a name stand for an image that came from a registry, or for one that did not."""
    engine.has_image(name, f"id of {digest or 'a build'}")
    engine.digests |= {name: digest} if digest else {}


@pytest.fixture
def engine() -> Engine:
    engine = Engine(registry={"web:1": "new", "nginx": "1", "db@sha256:5": "sha256:5", "torn:1": "broken"})
    stands_for(engine, "web:1", "old")
    stands_for(engine, "mine:1", "")
    return engine


def test_what_is_there_asks_nobody(engine: Engine) -> None:
    assert image_pull.pull(engine, ["web:1", "mine:1"], False, False) == Pulled()
    assert engine.events == []


def test_what_is_missing_is_pulled_under_its_own_name(engine: Engine) -> None:
    assert image_pull.pull(engine, ["nginx", "web:1", "db@sha256:5"], False, False) == Pulled(["nginx", "db@sha256:5"])
    assert engine.events == ["pull nginx", "pull db@sha256:5"]
    assert image_pull.pull(engine, ["nginx", "db@sha256:5"], False, False) == Pulled()


def test_the_newest_is_taken_where_it_is_another_one(engine: Engine) -> None:
    assert image_pull.pull(engine, ["web:1", "mine:1"], True, False) == Pulled(["web:1"], ["mine:1"])
    assert engine.tags["web:1"] == "id of new"
    assert image_pull.pull(engine, ["web:1", "mine:1"], True, False) == Pulled([], ["mine:1"])


def test_check_mode_says_the_same_and_pulls_nothing(engine: Engine) -> None:
    assert image_pull.pull(engine, ["nginx", "web:1", "mine:1"], True, True) == Pulled(["nginx", "web:1"], ["mine:1"])
    assert engine.events == ["ask nginx", "ask web:1"] and "nginx:latest" not in engine.tags
    stands_for(engine, "web:1", "new")
    assert image_pull.pull(engine, ["web:1"], True, True) == Pulled()


@pytest.mark.parametrize("check_mode", [False, True])
def test_all_that_cannot_be_had_is_named_at_once(engine: Engine, check_mode: bool) -> None:
    with pytest.raises(PullError) as refusal:
        image_pull.pull(engine, ["nosuch:1", "nginx", "other:2"], False, check_mode)
    assert str(refusal.value).splitlines()[:-1] == [
        "Image nosuch:1: expected it on the server or in a registry, got: manifest unknown",
        "Image other:2: expected it on the server or in a registry, got: manifest unknown",
    ]
    assert "Nothing that runs has been changed." in str(refusal.value).splitlines()[-1]


def test_a_pull_that_ends_half_way_is_an_error(engine: Engine) -> None:
    with pytest.raises(PullError, match=r"Image torn:1: expected .*, got: unexpected EOF"):
        image_pull.pull(engine, ["torn:1"], False, False)


MIB = 1 << 20
LAYERS = [
    {"status": "Pulling from web", "id": "1"},
    {"status": "Downloading", "id": "a", "progressDetail": {"current": 10 * MIB, "total": 40 * MIB}},
    {"status": "Downloading", "id": "b", "progressDetail": {"current": 0, "total": 60 * MIB}},
    {"status": "Pull complete", "id": "a", "progressDetail": {}},
]


@pytest.mark.parametrize(("free", "need"), [(601, 0), (602, 0), (541, 542), (511, 512)])
def test_a_pull_is_given_up_before_it_fills_the_disk(free: int, need: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """512 MiB are spare; 30 are still to come of one layer and 60 of the other."""
    monkeypatch.setattr(image_pull.shutil, "disk_usage", lambda _path: SimpleNamespace(free=free * MIB))
    if not need:
        image_pull.require_space("web:1", "/var/lib/docker", LAYERS[:2])
    with nullcontext() if free == 602 else pytest.raises(PullError) as refusal:
        image_pull.require_space("web:1", "/var/lib/docker", LAYERS)
    if need:
        said = (
            f"Image web:1: expected at least {need} MiB free in /var/lib/docker while it is pulled, got {free} MiB. It would fill the disk."
        )
        assert str(refusal.value).startswith(said) and "stack_backup_keep" in str(refusal.value)
