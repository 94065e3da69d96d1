"""A snapshot says of itself what it is and where everything lies in it, and leads nobody astray."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import contents
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.contents import Contents, SavedImage, Volume

ONE = Contents(
    format=1,
    host="server",
    created="2026-11-26T02:00:00Z",
    path="/opt/rarebooks",
    project="rarebooksdokploy",
    backup="20261126_020000",
    network="rarebooks_network",
    volumes=(Volume("p_images", "/var/lib/docker/volumes/p_images/_data", {"a": "b"}),),
    files={"secrets": contents.staged("server/secrets.json")},
    images=(SavedImage("sha256:aa", "shop:1", "p-backup:1-aa", True),),
    version="0.5.0",
)


def test_it_is_read_as_it_was_written() -> None:
    assert contents.parse("x", ONE.to_json()) == ONE


def test_what_a_newer_version_says_besides_is_passed_over() -> None:
    assert contents.parse("x", json.dumps({**json.loads(ONE.to_json()), "colour": "blue"}).encode()) == ONE


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "expected format 1, got 2"),
        ({"path": "opt/rarebooks"}, "got 'opt/rarebooks'"),
        ({"path": "/"}, "got '/'"),
        ({"files": {"secrets": "/var/../etc/shadow"}}, "secrets: expected a normalised absolute path"),
        ({"volumes": [{"name": "../x", "location": "/v"}]}, "expected the name of a volume, got '../x'"),
        ({"volumes": [{"name": "x", "location": "v"}]}, "x: expected a normalised absolute path"),
        ({"images": [{"id": "aa", "name": "n", "tag": "t", "saved": True}]}, "expected an id that begins with sha256:"),
        ({"host": 1}, "host: expected a text"),
    ],
)
def test_what_it_never_says_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(PlatformError, match=r"snapshot 1234: snapshot\.json cannot be used") as caught:
        contents.parse("snapshot 1234", json.dumps({**json.loads(ONE.to_json()), **change}).encode())
    assert told in str(caught.value)
