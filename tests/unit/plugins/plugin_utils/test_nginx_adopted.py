"""What nobody claims is written so that a release can carry it, and means what it meant before."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _nginx_adopted
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_adopted import Adopted
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration
from nginx_support import SERVICES, by_hand, http, release

APPS = {"rarebooks": ["www.rare-books.ru", "rare-books.ru"], "maymessenger": ["messenger.rare-books.ru"]}
CHAT = "server { listen 443 ssl; server_name messenger.rare-books.ru;"
SITE = "server { listen 443 ssl; server_name third.ru;"


def adopt(current: Configuration, let_go: Collection[str] = ()) -> Adopted:
    return _nginx_adopted.adopt(current, release(), SERVICES, APPS, let_go)


def test_of_the_guides_server_nothing_is_carried_over() -> None:
    assert adopt(by_hand("guide.conf")) == Adopted()


def test_what_has_grown_since_is_carried_over_with_all_that_it_needs() -> None:
    adopted = adopt(by_hand("month_later.conf"))
    assert adopted.refused == {}
    assert list(adopted.locations) == ["maymessenger"]
    wanted = ("location /images/", "location ~ ^/uploads/audio/(.+)$", "location /messenger/setup/", "location /web/", "location = /web {")
    assert [one for one in wanted if adopted.locations["maymessenger"].count(one) != 1] == []
    assert adopted.locations["maymessenger"].count("client_max_body_size 50M;") == len(wanted)
    wanted = ("upstream maymessenger_backend {", "upstream web_client {", "limit_req_zone", "server_name archive.rare-books.ru old.rare")
    assert [one for one in wanted if adopted.sites.count(one) != 1] == []
    assert "default_server" not in adopted.sites and "[::]" not in adopted.sites and "map" not in adopted.sites
    assert any("nginx/archive.htpasswd below stack_path" in note for note in adopted.notes)
    assert any("default_server" in note for note in adopted.notes) and any("[::]:443" in note for note in adopted.notes)
    assert any("looks up maymessenger_web_client when it starts" in note for note in adopted.notes)


def test_with_what_is_carried_over_nothing_is_unclaimed() -> None:
    current, adopted = by_hand("month_later.conf"), adopt(by_hand("month_later.conf"))
    chat = f"{CHAT} location / {{ return 404; }} {adopted.locations['maymessenger']} }}"
    before = [one["id"] for one in _nginx_adopted.unclaimed(current, release(chat=chat), SERVICES)]
    after = _nginx_adopted.unclaimed(current, release(adopted_sites=adopted.sites, chat=chat), SERVICES)
    assert "site archive.rare-books.ru" in before
    assert [one["id"] for one in after if "archive" in one["id"] or "/web" in one["id"] or "/images/" in one["id"]] == []


def test_what_is_let_go_is_left_out() -> None:
    adopted = adopt(by_hand("month_later.conf"), ["site old.rare-books.ru", "location messenger.rare-books.ru /web/"])
    assert "server_name archive.rare-books.ru;" in adopted.sites and "old.rare-books.ru" not in adopted.sites
    assert "web_client/" not in adopted.locations["maymessenger"]
    adopted = adopt(by_hand("month_later.conf"), ["site old.rare-books.ru", "site archive.rare-books.ru"])
    assert "server {" not in adopted.sites and "limit_req_zone" not in adopted.sites


def test_of_a_block_that_an_app_claims_in_part_only_the_rest_is_kept() -> None:
    adopted = adopt(http("server { server_name rare-books.ru third.ru; }"))
    assert adopted.sites == "# From /etc/nginx/nginx.conf:3.\nserver { server_name third.ru; }\n"


@pytest.mark.parametrize(
    ("listen", "kept"),
    [
        ("listen 443 ssl default_server;", "listen 443 ssl;"),
        ("listen 80 default;", "listen 80;"),
        ("listen 80; listen [::]:80;", "listen 80; "),
        ("listen [::]:80;", "listen [::]:80;"),
    ],
)
def test_no_site_takes_the_place_of_the_default_server(listen: str, kept: str) -> None:
    assert adopt(http(f"server {{ {listen} server_name third.ru; }}")).sites.splitlines()[1] == f"server {{ {kept} server_name third.ru; }}"


@pytest.mark.parametrize(
    ("around", "block", "added"),
    [
        ("gzip on;", "", ["gzip on;"]),
        ("proxy_set_header A 1; proxy_set_header B 2;", "", ["proxy_set_header A 1;", "proxy_set_header B 2;"]),
        ("proxy_set_header A 1;", "proxy_set_header B 2;", []),
        ("ssl_protocols TLSv1; access_log /x; log_format x y;", "", []),
        ("default_type text/html;", "", []),
        ("default_type text/html;", 'return 200 "a";', ["default_type text/html;"]),
        ("", 'return 200 "a";', ["default_type text/plain;"]),
        ("types { text/html html; }", "root /usr/share/nginx/html;", ["types { text/html html; }", "default_type text/plain;"]),
        ("types { text/html html; }", "", []),
    ],
)
def test_a_block_gets_what_held_in_it_from_around_it(around: str, block: str, added: list[str]) -> None:
    text = adopt(http(f"{around}\n{SITE} {block} }}")).sites.removeprefix("# From /etc/nginx/nginx.conf:4.\n")
    lines = [line.strip() for line in text.splitlines()[1:-1]]
    assert [line for line in lines if not line.startswith("#")] == added, text


def test_a_location_gets_what_its_server_and_the_locations_around_it_say() -> None:
    text = """
        set $where http://web:80; set $other 1; expires 2d; add_header A server;
        location /api/ { add_header A around; location /api/in/ { deny all; proxy_pass $where; } }
    """
    found = adopt(http(f"client_max_body_size 1g; expires 1d;\n{CHAT} {text} }}")).locations["maymessenger"]
    assert "location /api/ {" not in found and "set $other" not in found
    wanted = ("location /api/in/ {", "set $where http://web:80;", "expires 2d;", "add_header A around;", "client_max_body_size 1g;")
    assert [one for one in wanted if found.count(one) != 1] == [], found
    assert "server;" not in found and "1d" not in found


def test_a_location_within_one_that_is_carried_over_comes_with_it_once() -> None:
    current = http(f"{CHAT} location /a/ {{ root /srv; location /a/b/ {{ expires 1d; }} }} }}")
    assert len(_nginx_adopted.unclaimed(current, release(), SERVICES)) == 2
    assert adopt(current).locations["maymessenger"].count("location /a/b/") == 1


def test_named_locations_come_along() -> None:
    text = "location /a { error_page 404 @b; root /srv; } location @b { try_files /x @c; } location @c { return 204; } location @d { }"
    found = adopt(http(f"{CHAT} {text} }}"))
    assert [line for line in found.locations["maymessenger"].splitlines() if line.startswith("location")] == [
        "location /a {",
        "location @b {",
        "location @c {",
    ]
    assert any("needs /srv, which the proxy does not have mounted" in note for note in found.notes)


def test_a_name_that_the_proxy_has_for_something_else_is_changed() -> None:
    current = http(
        "map $http_upgrade $connection_upgrade { default close; }\n"
        f"{SITE} location / {{ proxy_pass http://a; proxy_set_header Connection ${{connection_upgrade}}; }} }}"
    )
    adopted = adopt(current)
    assert "map $http_upgrade $adopted_connection_upgrade {" in adopted.sites
    assert "Connection ${adopted_connection_upgrade};" in adopted.sites
    assert any("variable $connection_upgrade is called adopted_connection_upgrade" in note for note in adopted.notes)


def test_a_definition_that_the_proxy_has_as_well_is_not_carried_over() -> None:
    current = http(
        "map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n"
        f"{SITE} location / {{ proxy_pass http://10.0.0.1; proxy_set_header Connection $connection_upgrade; }} }}"
    )
    assert "map" not in adopt(current).sites


def test_definitions_that_others_need_come_along() -> None:
    text = "map $uri $to { default http://pool; } upstream pool { server 10.0.0.1; } upstream unused { server 10.0.0.2; }"
    adopted = adopt(http(f"{text}\n{SITE} location / {{ proxy_pass $to; }} }}"))
    assert "upstream pool {" in adopted.sites and "unused" not in adopted.sites


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("server { listen 80; location / { proxy_pass http://a; } }", "site _", "hosts that no site names"),
        (f"{CHAT} location /swagger {{ deny all; }} }}", "location messenger.rare-books.ru /swagger", "has a location of the same path"),
        (
            # In the block of the release it would redirect the name it leads to as well.
            "server { listen 443 ssl; server_name www.rare-books.ru; return 301 https://rare-books.ru$request_uri; }",
            "location www.rare-books.ru /",
            "its whole server block leads elsewhere",
        ),
        (
            f"{CHAT} auth_basic Friends; location /api/ {{ proxy_pass http://backend; }} }}",
            "location messenger.rare-books.ru /api/",
            "Only some get in there today (auth_basic Friends). Set",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_refused_with_its_reason(text: str, name: str, reason: str) -> None:
    adopted = adopt(http(text))
    assert list(adopted.refused) == [name] and reason in adopted.refused[name]
    assert (adopted.sites, adopted.locations) == ("", {})


def test_needs_are_named() -> None:
    text = "upstream pool { server 10.0.0.1; } server { listen 8443 ssl; listen 127.0.0.1:81; server_name third.ru; ssl_dhparam dh.pem;"
    found = _nginx_adopted.unclaimed(http(f"{text} location / {{ proxy_pass http://pool; }} }}"), release(), {})
    assert [(one["id"], one["kind"], one["needs"]) for one in found] == [
        ("site third.ru", "site", ["upstream pool", "file /etc/nginx/dh.pem", "port 8443", "port 81"])
    ]


def test_what_is_done_to_every_request_is_left_to_its_owner() -> None:
    adopted = adopt(http(f"{CHAT} if ($bad) {{ return 403; }} }}"))
    assert (adopted.sites, adopted.locations) == ("", {})
    [(name, why)] = adopted.refused.items()
    assert name.startswith("statement ") and name.endswith(" if ($bad)") and why.startswith("it is done to every request for ")
