"""Places that have moved and settings of locations, read off a site that somebody wrote by hand."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _adopted_routes
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, parse

BACKEND = "chat_backend:5000"


def site(locations: str, server: str = "", http: str = "") -> Configuration:
    text = f"http {{ {http} upstream chat {{ server backend:5000; }} server {{ listen 443 ssl; {server} {locations} }} }}"
    return parse({"/etc/nginx/nginx.conf": text}, "/etc/nginx/nginx.conf")


@pytest.mark.parametrize(
    "location",
    [
        "location ~ ^/old/x/(.*)$ { return 301 /new/$1; }",
        r"location ~ ^/old\/x/(.+) { return 301 /new/$1; }".replace(r"\/", "/"),
        "location /old/x/ { rewrite ^/old/x/(.*)$ /new/$1 permanent; }",
        "location ^~ /old/x/ { rewrite ^/old/x/(.*) /new/$1 permanent; }",
    ],
)
def test_a_place_that_has_moved(location: str) -> None:
    assert _adopted_routes.redirects(site(location).servers[0]) == {"/old/x/": "/new/"}


@pytest.mark.parametrize(
    "location",
    [
        "location ~ ^/old/(.*)$ { return 302 /new/$1; }",
        "location ~ ^/old/(.*)$ { return 301 /new/; }",
        "location ~ ^/old/(.*)$ { return 301 https://other.example.org/new/$1; }",
        "location ~ ^/old/(.*)$ { return 301 /new/$1?from=old; }",
        "location ~ ^/old/(.*)$ { add_header X-Moved yes; return 301 /new/$1; }",
        "location ~* ^/old/(.*)$ { return 301 /new/$1; }",
        "location ~ /old/(.*)$ { return 301 /new/$1; }",
        "location ~ ^/(old|older)/(.*)$ { return 301 /new/$1; }",
        "location /old/ { return 301 /new/; }",
        "location /old/ { rewrite ^/other/(.*)$ /new/$1 permanent; }",
        "location /old/ { rewrite ^/old/(.*)$ /new/$1 break; proxy_pass http://chat; }",
    ],
)
def test_what_says_anything_else_is_left_to_be_carried_over_word_for_word(location: str) -> None:
    assert _adopted_routes.redirects(site(location).servers[0]) == {}


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("location /setup/ { proxy_pass http://chat/api/setup/; proxy_set_header Host $host; }", {"/setup/": "/api/setup/"}),
        ("location /setup/ { proxy_pass http://backend:5000/api/setup/; }", {"/setup/": "/api/setup/"}),
        # The same place, another app, another port, more than that, and no place but a single path.
        ("location /api/ { proxy_pass http://chat/api/; }", {}),
        ("location /web/ { proxy_pass http://web/; }", {}),
        ("location /setup/ { proxy_pass http://backend:5001/api/setup/; }", {}),
        ("location /setup/ { proxy_pass http://chat/api/setup/; proxy_read_timeout 300s; }", {}),
        ("location = /setup { proxy_pass http://chat/api/setup; }", {}),
        ("location /setup { proxy_pass http://chat/api/setup; }", {}),
        ("location /setup/ { proxy_pass http://chat; }", {}),
    ],
)
def test_a_place_for_which_the_app_is_asked_at_another_one(location: str, found: dict[str, str]) -> None:
    configuration = site(location)
    assert _adopted_routes.rewrites(configuration, configuration.servers[0], {"backend": "chat_backend"}, BACKEND) == found


HUB = {"location": "/hubs/", "directive": "proxy_read_timeout"}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"locations": "location /hubs/ { proxy_read_timeout 7d; }", "server": "proxy_read_timeout 5m;"}, "7d"),
        ({"locations": "location / { proxy_read_timeout 1h; location /hubs/ { proxy_pass http://chat; } }"}, "1h"),
        ({"locations": "location /hubs/ { proxy_pass http://chat; }", "server": "proxy_read_timeout 5m;"}, "5m"),
        ({"locations": "location /hubs/ { proxy_pass http://chat; }", "http": "proxy_read_timeout 90s;"}, "90s"),
        ({"locations": "location /hubs/ { proxy_pass http://chat; }"}, ""),
        ({"locations": "location /hub/ { proxy_read_timeout 7d; }"}, ""),
    ],
)
def test_the_setting_of_a_location_is_the_one_that_holds_there(given: dict[str, str], value: str) -> None:
    configuration = site(**given)
    assert _adopted_routes.setting(configuration, configuration.servers[0], HUB) == value
