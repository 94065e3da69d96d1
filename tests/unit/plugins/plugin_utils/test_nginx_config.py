"""What `nginx -T` prints becomes blocks, each with its place and its own text."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import parse_dump
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_lexer import NginxError
from nginx_support import by_hand, dump, http

MAIN = "/etc/nginx/nginx.conf"
SPLIT = dump(
    (MAIN, "http {\n    include mime.types;\n    include conf.d/*.conf;\n}\n"),
    ("/etc/nginx/mime.types", "types { text/html html; }"),
    ("/etc/nginx/conf.d/b.conf", "server {\n  server_name b;\n  include /etc/nginx/c.inc; location /b { return 200; } # the end\n}"),
    ("/etc/nginx/c.inc", "location /c { } # why"),
    ("/etc/nginx/conf.d/a.conf", "server { server_name A.example a.example; }"),
    ("/etc/nginx/conf.d/deep/d.conf", "server { server_name d; }"),
)


def test_the_guides_servers_are_found() -> None:
    servers = by_hand("guide.conf").servers
    assert [(one.names, one.ssl) for one in servers] == [
        (("rare-books.ru",), False),
        (("rare-books.ru", "www.rare-books.ru"), True),
        (("messenger.rare-books.ru",), False),
        (("messenger.rare-books.ru",), True),
    ]
    assert [one.called for one in servers[3].locations] == ["/api/", "/hubs/", "/swagger", "/health", "/audio/", "= /"]
    assert servers[0].directive.line == 18


def test_includes_are_read_where_they_stand_and_in_the_order_of_their_names() -> None:
    read = parse_dump(SPLIT)
    assert [one.names for one in read.servers] == [("a.example",), ("b",)]
    assert read.servers[1].directive.file == "/etc/nginx/conf.d/b.conf"
    assert [one.called for one in read.servers[1].locations] == ["/c", "/b"]


def test_a_text_has_what_it_includes_in_place_of_the_include() -> None:
    text = parse_dump(SPLIT).servers[1].directive.text
    assert text == (
        "server {\n  server_name b;\n  # From /etc/nginx/c.inc:\n  location /c { } # why\n   location /b { return 200; } # the end\n}"
    )
    again = http(text).servers[0]
    assert [one.called for one in again.locations] == ["/c", "/b"]


def test_what_is_no_file_of_nginx_comes_before_the_first_line_that_names_one() -> None:
    said = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
    assert parse_dump(said + SPLIT).servers == parse_dump(SPLIT).servers


def test_a_file_of_windows_is_read_like_any_other() -> None:
    text = "\ufeffhttp {\r\n\tserver {\r\n\t\tserver_name a;\r\n\t}\r\n}\r\n"
    server = parse_dump(dump((MAIN, text))).servers[0]
    assert (server.names, server.directive.line) == (("a",), 2)
    assert server.directive.text == "\tserver {\r\n\t\tserver_name a;\r\n\t}"


@pytest.mark.parametrize(
    ("words", "modifier", "path"),
    [("/a", "", "/a"), ("= /", "=", "/"), ("=/a", "=", "/a"), ("~* \\.jpg$", "~*", "\\.jpg$"), ("^~ /a", "^~", "/a"), ("~^/x", "~", "^/x")],
)
def test_a_location_knows_its_modifier(words: str, modifier: str, path: str) -> None:
    location = http(f"server {{ location {words} {{ }} }}").servers[0].locations[0]
    assert (location.modifier, location.path) == (modifier, path)


def test_locations_within_locations_are_found_and_named_ones_are_not() -> None:
    server = http("server { location /a/ { location /a/b/ { } } location @c { } }").servers[0]
    assert [one.called for one in server.locations] == ["/a/", "/a/b/"]
    assert [one.args for one in server.locations[1].around] == [("/a/",)]


@pytest.mark.parametrize(
    ("listens", "ssl", "default"),
    [("", False, False), ("listen 443 ssl default_server;", True, True), ("listen 80 default;", False, True), ("ssl on;", True, False)],
)
def test_a_server_knows_how_it_listens(listens: str, ssl: bool, default: bool) -> None:
    server = http(f"server {{ {listens} }}").servers[0]
    assert (server.ssl, server.is_default, server.names) == (ssl, default, ("_",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http {\n server {\n", r"nginx\.conf:2: expected the end of what begins here"),
        ("http { }\n}", r"nginx\.conf:2: expected a directive that ends in ; or a block, got }"),
        ("http { server { listen 80 } }", r"nginx\.conf:1: expected a directive that ends in ; or a block, got }"),
        ("http {\n\n;}", r"nginx\.conf:3: .* got ;"),
        ("include a.conf;", r"expected the file /etc/nginx/a\.conf among those"),
        ("include nginx.conf;", "expected at most 20 includes"),
        ("http {\n content_by_lua_block { ngx.say('}') } }", r"nginx\.conf:2: .* got Lua \(content_by_lua_block\)"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(NginxError, match=message):
        parse_dump(dump((MAIN, text)))


def test_what_is_no_dump_is_refused() -> None:
    with pytest.raises(NginxError, match="expected a line `# configuration file PATH:`"):
        parse_dump("http { }")
