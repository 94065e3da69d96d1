# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An image that was made long ago is told, with the way to a newer one; one whose time means nothing is not."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import images

NOW = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)
PULLED, BUILT = ["postgres@sha256:1"], None


def found(made: datetime, digests: list[str] | None, days: int = 180, runs: str = "sha256:1", name: str = "postgres:15") -> Any:
    image = {"Id": "sha256:1", "RepoTags": ["postgres:15"], "RepoDigests": digests, "Created": int(made.timestamp())}
    container = {"Image": runs, "Config": {"Image": name}, "State": {"Status": "running"}}
    server: Any = SimpleNamespace(
        settings=SimpleNamespace(image_days=days),
        began=NOW,
        wanted=["books_db"],
        containers={"books_db": container},
        compose=SimpleNamespace(services=lambda: [{"container_name": "books_db", "image": name}], would_touch=list),
        client=SimpleNamespace(api=SimpleNamespace(images=lambda: [image])),
    )
    (finding,) = images.check(server)
    return finding.said()


@pytest.mark.parametrize(
    ("digests", "step"),
    [
        (PULLED, "Take what its registry has now: ansible-playbook deploy.yml -e stack_pull=true"),
        (BUILT, "Build or load a newer one, then deploy it: ansible-playbook deploy.yml"),
    ],
)
def test_an_old_one_is_told_with_the_way_to_a_newer_one(digests: list[str] | None, step: str) -> None:
    told = found(NOW - timedelta(days=180), digests)
    assert (told["level"], told["next"]) == ("warning", step)
    assert told["text"].startswith("its image postgres:15 (1) was made 180 days ago, so that it lacks ")


@pytest.mark.parametrize(
    ("made", "days"),
    [(NOW - timedelta(days=179), 180), (NOW - timedelta(days=9999), 0), (datetime(1980, 1, 1, tzinfo=timezone.utc), 180)],
    ids=["young", "not asked for", "reproducible"],
)
def test_another_is_not(made: datetime, days: int) -> None:
    assert found(made, PULLED, days)["level"] == "passed"


def test_what_is_wrong_otherwise_is_told_first() -> None:
    told = found(NOW - timedelta(days=400), PULLED, runs="sha256:2")
    assert told["level"] == "failed" and told["text"].startswith("expected the image that postgres:15 is now")


@pytest.mark.parametrize(("name", "level"), [("postgres:15@sha256:1", "passed"), ("postgres@sha256:2", "warning")])
def test_one_may_be_called_by_its_digest(name: str, level: str) -> None:
    assert found(NOW, PULLED, name=name)["level"] == level
