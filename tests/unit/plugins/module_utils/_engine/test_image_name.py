"""Every legal form of an image's name, and the one in which the engine lists it (each tried with Docker 26)."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.image_name import image_name

DIGEST = "sha256:1247d8620515ddd2748d776b0645d6efaaf141598180c3b79d4ba41ea535b4b4"


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("postgres:15", "postgres:15"),
        ("postgres", "postgres:latest"),
        ("docker.io/library/postgres:15", "postgres:15"),
        ("docker.io/postgres", "postgres:latest"),
        ("index.docker.io/library/postgres:15", "postgres:15"),
        ("library/postgres:15", "postgres:15"),
        ("docker.io/bitnami/postgresql:15", "bitnami/postgresql:15"),
        (f"postgres@{DIGEST}", f"postgres@{DIGEST}"),
        (f"docker.io/library/postgres:15@{DIGEST}", f"postgres@{DIGEST}"),
        ("registry.example.org:5000/team/shop", "registry.example.org:5000/team/shop:latest"),
        (f"registry.example.org:5000/shop:1@{DIGEST}", f"registry.example.org:5000/shop@{DIGEST}"),
        ("localhost/shop:1", "localhost/shop:1"),
        ("registry.example.org/library/postgres:15", "registry.example.org/library/postgres:15"),
    ],
)
def test_one_form(name: str, listed: str) -> None:
    assert image_name(name) == listed
    assert image_name(listed) == listed
