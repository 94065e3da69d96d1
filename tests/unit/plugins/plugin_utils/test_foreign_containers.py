"""Containers of other people with a name of ours, on the engine or on our network."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils._foreign_containers import aliases, names

NETWORK = "rarebooks_network"


def container(name: str, project: str, *answers: str, status: str = "running", service: str = "") -> dict[str, Any]:
    return {"name": name, "project": project, "service": service, "status": status, "aliases": {NETWORK: [name, *answers]}}


OURS = [
    container("rarebooks_backend", "ours", "backend", service="backend"),
    container("rarebooks_books_db", "ours", "db_books", service="db_books"),
]
WANTED = ["rarebooks_backend", "rarebooks_books_db", "messenger"]


@pytest.mark.parametrize(
    ("found", "beginning", "end"),
    [
        (OURS, "", ""),
        ([container("blog", "blog")], "", ""),
        (
            [container("messenger", "staging")],
            "Container messenger: expected this name free or in Compose project ours, got a container of Compose project staging. Give it "
            "another name (`docker rename messenger other_messenger`)",
            ", or set stack_project to its project.",
        ),
        (
            [container("messenger", "", status="exited")],
            "Container messenger: expected this name free or in Compose project ours, got a container of no Compose project.",
            "or remove it.",
        ),
    ],
)
def test_names(found: list[dict[str, Any]], beginning: str, end: str) -> None:
    assert [problem for problem in names(found, WANTED, "ours") if not (problem.startswith(beginning) and problem.endswith(end))] == []
    assert len(names(found, WANTED, "ours")) == bool(beginning)


@pytest.mark.parametrize(
    ("foreign", "met"),
    [
        (container("blog-db-1", "blog", "db_books"), "db_books"),
        (container("staging-messenger-1", "staging", "messenger"), "messenger"),
        (container("copy", "", "rarebooks_backend", "db_books"), "db_books, rarebooks_backend"),
        # Nobody asks for these: nginx asks for containers' names.
        (container("blog-backend-1", "blog", "backend"), ""),
        (container("blog-db-1", "blog", "db_books", status="exited"), ""),
        ({**container("blog-db-1", "blog"), "aliases": {"other": ["db_books"]}}, ""),
        # That it has our very name is told already.
        (container("rarebooks_backend", "blog"), ""),
    ],
)
def test_aliases(foreign: dict[str, Any], met: str) -> None:
    problems = aliases([*OURS, foreign], WANTED, ["rarebooks_books_db"], "ours", NETWORK)
    assert len(problems) == bool(met)
    for problem in problems:
        assert f"expected no other container to answer to {met} on the network {NETWORK}" in problem
        assert f"`docker network disconnect {NETWORK} {foreign['name']}`" in problem
