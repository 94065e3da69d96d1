"""Pulling: what is there is left alone, what is not is asked for, and check mode says the same without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import image_pull
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.image_pull import Pulled, PullError


class Engine:
    """An engine, and the registry that it pulls from: digest by name."""

    def __init__(self, **registry: str) -> None:
        self.api = self
        self.registry = registry
        self.there: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []

    def has(self, name: str, digest: str) -> None:
        self.there[name] = {"Id": f"id of {digest}", "RepoDigests": [f"{name}@{digest}"] if digest else []}

    def inspect_image(self, name: str) -> dict[str, Any]:
        if name not in self.there:
            raise docker.errors.ImageNotFound(name)
        return self.there[name]

    def _ask(self, name: str, how: str) -> str:
        self.calls.append(f"{how} {name}")
        if name not in self.registry:
            raise docker.errors.APIError("500 at http+docker://", SimpleNamespace(status_code=500, reason="", url=""), "manifest unknown")
        return self.registry[name]

    def inspect_distribution(self, name: str) -> dict[str, Any]:
        return {"Descriptor": {"digest": self._ask(name, "ask")}}

    def pull(self, repository: str, tag: str, stream: bool, decode: bool) -> Iterator[dict[str, str]]:
        assert stream and decode
        name = f"{repository}@{tag}" if tag.startswith("sha256:") else f"{repository}:{tag}"
        name = name.removesuffix(":latest")
        digest = self._ask(name, "pull")
        yield {"status": "Pulling"}
        if digest == "broken":
            yield {"error": "unexpected EOF"}
        self.has(name, digest)


@pytest.fixture
def engine() -> Engine:
    engine = Engine(**{"web:1": "new", "nginx": "1", "db@sha256:5": "sha256:5", "torn:1": "broken"})
    engine.has("web:1", "old")
    engine.has("mine:1", "")
    return engine


def test_what_is_there_asks_nobody(engine: Engine) -> None:
    assert image_pull.pull(engine, ["web:1", "mine:1"], False, False) == Pulled()
    assert engine.calls == []


def test_what_is_missing_is_pulled_under_its_own_name(engine: Engine) -> None:
    assert image_pull.pull(engine, ["nginx", "web:1", "db@sha256:5"], False, False) == Pulled(["nginx", "db@sha256:5"])
    assert engine.calls == ["pull nginx", "pull db@sha256:5"]
    assert image_pull.pull(engine, ["nginx", "db@sha256:5"], False, False) == Pulled()


def test_the_newest_is_taken_where_it_is_another_one(engine: Engine) -> None:
    assert image_pull.pull(engine, ["web:1", "mine:1"], True, False) == Pulled(["web:1"], ["mine:1"])
    assert engine.there["web:1"]["Id"] == "id of new"
    assert image_pull.pull(engine, ["web:1", "mine:1"], True, False) == Pulled([], ["mine:1"])


def test_check_mode_says_the_same_and_pulls_nothing(engine: Engine) -> None:
    assert image_pull.pull(engine, ["nginx", "web:1", "mine:1"], True, True) == Pulled(["nginx", "web:1"], ["mine:1"])
    assert engine.calls == ["ask nginx", "ask web:1"] and "nginx" not in engine.there
    engine.has("web:1", "new")
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
