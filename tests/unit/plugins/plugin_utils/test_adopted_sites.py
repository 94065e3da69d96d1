"""A host is served by an app or by what was adopted, never by both."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _adopted_sites

APP = App(name="chat", title="Chat", containers=(), certificate="chat.ru", server_names=("chat.ru", "www.chat.ru"))


def test_a_host_of_both_is_named() -> None:
    (problem,) = _adopted_sites.problems("server { server_name old.ru WWW.chat.ru; }", [APP])
    assert "got www.chat.ru, which is in chat_server_names too" in problem


@pytest.mark.parametrize("text", ["", "server { server_name old.ru; }", "server {", "include /etc/nginx/snippets/site.conf;"])
def test_what_no_app_has_or_only_nginx_can_read_is_left_alone(text: str) -> None:
    assert list(_adopted_sites.problems(text, [APP])) == []
