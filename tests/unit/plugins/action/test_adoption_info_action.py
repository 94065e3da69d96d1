"""What the controller adds to what was read: sites that nobody claims, and decisions."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.rarebooks.platform.plugins.action.adoption_info import completed
from recorded_server import DATA

READ: dict[str, Any] = {
    "findings": [
        {"kind": "broken", "text": "backend is unhealthy by its own check.", "id": ""},
        {"kind": "kept", "text": "Containers: backend", "id": ""},
    ],
    "facts": {
        "containers": [{"service": "backend", "name": "rarebooks_backend"}, {"service": "frontend", "name": "rarebooks_frontend"}],
        "proxy": {"configuration": (DATA / "nginx.txt").read_text()},
    },
}
SITE = "server {{ listen 443 ssl; server_name {}; location / {{ proxy_pass http://{}; }} location /api/ {{ proxy_pass http://{}; }} }}\n"
TREE = {
    "nginx/nginx.conf": "events { }\nhttp { include /etc/nginx/sites/*.conf; }\n",
    "nginx/sites/shop.conf": SITE.format("rare-books.ru www.rare-books.ru", "rarebooks_frontend:80", "rarebooks_backend:80"),
    "nginx/sites/chat.conf": SITE.format("messenger.rare-books.ru", "maymessenger_backend:5000", "maymessenger_backend:5000"),
}


def test_a_site_that_nobody_claims_is_undecided() -> None:
    result = completed(READ, TREE, [])
    assert result["undecided"] == [
        "site archive.rare-books.ru: no app of the release serves it",
        "location messenger.rare-books.ru /web/: the release does not answer there as nginx does today",
    ]
    assert [one["kind"] for one in result["findings"]] == ["kept", "undecided", "undecided", "broken"]
    assert "- site archive.rare-books.ru: no app of the release serves it" in result["report"]


def test_what_lets_only_some_in_is_named() -> None:
    guarded = re.sub("server_name messenger.rare-books.ru;", r"\g<0> auth_basic Friends;", READ["facts"]["proxy"]["configuration"])
    lines = completed({**READ, "facts": {**READ["facts"], "proxy": {"configuration": guarded}}}, TREE, [])["undecided"]
    told = "the release does not answer there as nginx does today; only some get in there today (auth_basic Friends)"
    assert f"location messenger.rare-books.ru /: {told}" in lines


def test_what_is_let_go_is_decided() -> None:
    result = completed(READ, TREE, ["site archive.rare-books.ru"])
    assert [line.partition(":")[0] for line in result["undecided"]] == ["location messenger.rare-books.ru /web/"]
    assert "- Let go by stack_let_go: site archive.rare-books.ru: no app of the release serves it" in result["report"]


def test_a_configuration_that_cannot_be_read_passes_nothing() -> None:
    facts = {**READ["facts"], "proxy": {"configuration": "# configuration file /etc/nginx/nginx.conf:\nhttp {"}}
    [line] = completed({**READ, "facts": facts}, TREE, [])["undecided"]
    assert line.startswith("site *: nginx's configuration cannot be compared with the release's: /etc/nginx/nginx.conf:1: expected")


def test_a_server_without_a_proxy_has_no_sites() -> None:
    facts = {**READ["facts"], "proxy": {"configuration": ""}}
    assert completed({**READ, "facts": facts}, TREE, [])["undecided"] == []
