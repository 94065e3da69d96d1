# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an image has is found, be it a link."""

from __future__ import annotations

import io
import tarfile
from types import SimpleNamespace
from typing import Any

import docker.errors
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import container_files


def archive(_container: str, path: str) -> tuple[Any, dict[str, Any]]:
    if path == "/gone":
        raise docker.errors.NotFound("none")
    member, buffer = tarfile.TarInfo("it"), io.BytesIO()
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/alternatives/it"
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(member)
    return iter([buffer.getvalue()]), {}


def test_a_link_is_there() -> None:
    made = SimpleNamespace(remove=lambda **_how: None)
    containers = SimpleNamespace(list=lambda **_which: [], create=lambda *_what, **_how: made)
    client: Any = SimpleNamespace(containers=containers, api=SimpleNamespace(get_archive=archive))
    assert container_files.found_in_image(client, "postgres:15", ["/gone", "/link"], "lab") == {"/link"}
