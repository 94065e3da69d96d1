"""Which roles a changed tree belongs to, and whose containers it may replace."""

from __future__ import annotations

from ansible_collections.rarebooks.platform.plugins.action.release import changed_roles

SOURCES = {"nginx/sites/shop.conf": "shop", "env/chat.env": "chat", "nginx/sites/chat.conf": "chat", "compose/proxy.yml": "proxy"}


def test_what_only_nginx_reads_replaces_no_container() -> None:
    assert changed_roles(["nginx/sites/shop.conf"], SOURCES) == {"roles_changed": ["shop"], "services_changed": []}


def test_any_other_file_may() -> None:
    paths = ["nginx/sites/chat.conf", "env/chat.env", "compose/proxy.yml", "somebody/else's"]
    assert changed_roles(paths, SOURCES) == {"roles_changed": ["chat", "proxy"], "services_changed": ["chat", "proxy"]}
