# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers are listed and then inspected, one by one: a run that is at work may remove one in between."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import docker.errors
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import containers_of


def test_a_container_that_goes_meanwhile_is_none() -> None:
    def inspect(name: str) -> dict[str, Any]:
        if name == "replaced":
            raise docker.errors.NotFound("No such container: replaced")
        return {"Id": name}

    listed = [{"Names": [f"/{name}"], "Labels": {}} for name in ("web", "replaced")]
    client: Any = SimpleNamespace(api=SimpleNamespace(containers=lambda **_options: listed, inspect_container=inspect))
    assert containers_of(client, "shop") == {"web": {"Id": "web"}}
