"""What a running nginx serves and a release does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _nginx_claims
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, parse_dump
from nginx_support import ROOT, SERVICES, by_hand, dump, http, release

LIVING = ROOT / "molecule/living/files/nginx_prod.conf"
SHOP = "server { listen 443 ssl; server_name shop.ru www.shop.ru;"
OURS = """
    server { listen 80; server_name shop.ru www.shop.ru; location / { return 301 https://$host$request_uri; } }
    server {
        listen 443 ssl; server_name shop.ru www.shop.ru; set $upstream http://shop:80;
        location /api/ { set $upstream http://api:80; proxy_pass $upstream; }
        location /files/ { proxy_pass $upstream; }
        location ^~ /static/ { proxy_pass $upstream; }
        location ~ \\.php$ { return 404; }
        location / { return 404; }
    }
"""


def ids(current: Configuration, desired: Configuration, names: dict[str, str] | None = None) -> list[str]:
    return [one.id for one in _nginx_claims.find(current, desired, names or {})]


def test_the_guides_server_has_nothing_that_ours_does_not_claim() -> None:
    assert ids(by_hand("guide.conf"), release(), SERVICES) == []


def test_what_has_grown_since_is_found() -> None:
    assert ids(by_hand("month_later.conf"), release(), SERVICES) == [
        "site archive.rare-books.ru",
        "site old.rare-books.ru",
        "location messenger.rare-books.ru /images/",
        "location messenger.rare-books.ru ~ ^/uploads/audio/(.+)$",
        "location messenger.rare-books.ru /messenger/setup/",
        "location messenger.rare-books.ru /web/",
        "location messenger.rare-books.ru = /web",
    ]


def test_with_the_messengers_own_variables_for_them_only_the_third_site_is_left() -> None:
    recorded = (ROOT / "tests/unit/data/rendered/grown/nginx/sites").glob("*.conf")
    desired = release(**{path.stem: path.read_text() for path in recorded})
    assert ids(by_hand("month_later.conf"), desired, SERVICES) == ["site archive.rare-books.ru", "site old.rare-books.ru"]


def test_the_living_server_has_a_third_site_and_a_route_for_everything() -> None:
    living = parse_dump(dump(("/etc/nginx/nginx.conf", Path(LIVING).read_text())))
    found = _nginx_claims.find(living, release(), SERVICES)
    assert [one.id for one in found] == [
        "site archive.rare-books.ru",
        "location messenger.rare-books.ru /web/",
        "location messenger.rare-books.ru /",
    ]
    assert found[0].text.startswith("    server {") and "the archive" in found[0].text
    assert found[1].text == "        location /web/ { proxy_pass http://web_client/; }"


@pytest.mark.parametrize(
    ("location", "claimed"),
    [
        # The same path is ours, in our own way, unless we refuse it.
        ("location /api/ { proxy_pass http://other; client_max_body_size 1g; }", True),
        ("location / { proxy_pass http://shop; }", False),
        ("location / { return 404; }", True),
        # A path below one of ours is ours where the same container gets the request as it came.
        ("location /api/v2/ { proxy_pass http://api; proxy_set_header Host $host; }", True),
        ("location /api/v2/ { proxy_pass http://api:80; }", True),
        ("location /api/v2/ { proxy_pass http://api/; }", False),
        ("location /api/v2/ { proxy_pass http://api:81; }", False),
        ("location /api/v2/ { proxy_pass http://shop; }", False),
        ("location /api/v2/ { proxy_pass http://api; client_max_body_size 1g; }", False),
        ("location = /api/v2/x { proxy_pass http://api; }", True),
        ("location ~ ^/api/v[0-9]+/ { proxy_pass http://api; }", True),
        ("location ~* \\.jpg$ { proxy_pass http://shop; }", False),
        ("location /other/ { set $to http://shop; proxy_pass $to; }", False),
        ("location /files/x.php { proxy_pass http://shop; }", False),
        ("location /static/x.php { proxy_pass http://shop; }", True),
        # What hides something must go on doing so.
        ("location /files/private/ { deny all; }", False),
        ("location /hidden { deny all; }", False),
        ("location /x { return 404; }", True),
        ("location /old { return 301 /api/; }", False),
        ("location /files/ { location /files/big/ { proxy_pass http://api; } }", False),
        ("location = /files { return 301 /files/; }", True),
        ("location = /nowhere { return 301 /nowhere/; }", False),
        ("location ~ ^/files/(.+) { return 301 /api/$1; }", True),
        ("location /pictures/ { root /srv; }", False),
    ],
)
def test_a_location_is_claimed_where_ours_answers_the_same(location: str, claimed: bool) -> None:
    found = ids(http(f"{SHOP} {location} }}"), release(shop=OURS))
    assert bool(found) is not claimed, found


GUARDS = [
    'auth_basic "Friends only"; auth_basic_user_file /etc/nginx/friends;',
    "auth_request /auth;",
    "allow 10.0.0.0/8; deny all;",
    "deny 203.0.113.7;",
]


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("where", ["location", "location around", "server", "http"])
def test_what_lets_only_some_in_is_not_opened_to_everybody(guard: str, where: str) -> None:
    """Also where the path is ours too: a site that a password protects must not be everybody's, without a word, after an adoption."""
    at = {one: guard if one == where else "" for one in ("location", "location around", "server", "http")}
    location = f"location /api/ {{ {at['location']} proxy_pass http://api; }}"
    if where == "location around":
        location = f"location /api/ {{ {guard} proxy_pass http://api; location /api/v2/ {{ proxy_pass http://api; }} }}"
    current = http(f"{at['http']} {SHOP} {at['server']} {location} }}")
    expected = ["location shop.ru /api/"] + ["location shop.ru /api/v2/"] * (where == "location around")
    assert ids(current, release(shop=OURS)) == expected


@pytest.mark.parametrize("where", ["server", "http"])
def test_visitors_whose_certificates_are_verified_are_not_joined_by_others(where: str) -> None:
    verified = "ssl_client_certificate /etc/nginx/ours.pem; ssl_verify_client on;"
    current = http(f"{verified * (where == 'http')} {SHOP} {verified * (where == 'server')} location /api/ {{ proxy_pass http://api; }} }}")
    assert ids(current, release(shop=OURS)) == ["location shop.ru /api/"]


@pytest.mark.parametrize(
    ("server", "location"),
    [
        ('auth_basic "Friends only";', "auth_basic off; proxy_pass http://api;"),
        ("deny all;", "allow all; proxy_pass http://api;"),
        ("auth_request /auth;", "auth_request off; proxy_pass http://api;"),
        ("ssl_verify_client off;", "proxy_pass http://api;"),
        # Nobody is asked who he is before an answer of nginx's own.
        ('auth_basic "Friends only";', "return 301 /files/;"),
    ],
)
def test_where_everybody_is_let_in_again_nothing_is_lost(server: str, location: str) -> None:
    assert ids(http(f"{SHOP} {server} location /api/ {{ {location} }} }}"), release(shop=OURS)) == []


def test_what_was_adopted_with_its_guards_is_claimed() -> None:
    guarded = 'location /api/ { auth_basic "Friends only"; proxy_pass http://api; }'
    current = http(f'{SHOP} auth_basic "Friends only"; location /api/ {{ proxy_pass http://api; }} }}')
    assert ids(current, release(shop=f"{SHOP} {guarded} }}")) == []
    assert ids(current, release(shop=f"{SHOP} {guarded.replace('Friends', 'Others')} }}")) == ["location shop.ru /api/"]


APEX = "return 301 https://shop.ru$request_uri;"


def test_a_name_that_only_leads_to_another_one_is_not_served_without_a_word() -> None:
    """Such as www, which the release serves as it does the name without it."""
    redirecting = f"server {{ listen 443 ssl; server_name www.shop.ru; {APEX} }}"
    [found] = _nginx_claims.find(http(redirecting), release(shop=OURS), {})
    assert (found.id, found.text.strip()) == ("location www.shop.ru /", f"location / {{ {APEX} }}")
    assert ids(http(f"{SHOP} location / {{ {APEX} }} }}"), release(shop=OURS)) == ["location shop.ru /"]
    assert ids(http(redirecting), release(shop=f"{SHOP} location / {{ {APEX} }} }}")) == []
    # Over plain HTTP it leads to TLS, as ours does; that is also where certbot puts its own.
    plain = f"server {{ listen 80; server_name www.shop.ru; {APEX} }}"
    certbot = "server { if ($host = shop.ru) { return 301 https://$host$request_uri; } listen 80; server_name shop.ru; return 404; }"
    assert ids(http(plain + certbot), release(shop=OURS)) == []


def test_what_is_served_over_plain_http_is_claimed_by_what_is_served_over_tls_and_not_the_other_way_round() -> None:
    plain = "server { listen 80; server_name shop.ru; location /api/ { proxy_pass http://api; } location /x/ { proxy_pass http://api; } }"
    assert ids(http(plain), release(shop=OURS)) == ["location shop.ru /x/"]
    # A redirect of ours leads to what refuses.
    assert ids(http("server { listen 80; server_name shop.ru; location / { proxy_pass http://api; } }"), release(shop=OURS)) == [
        "location shop.ru /"
    ]
    only_plain = "server { listen 80; server_name shop.ru; location /x/ { proxy_pass http://api; } }"
    current = http(f"{SHOP} location /x/ {{ proxy_pass http://api; }} }}")
    assert ids(current, release(shop=OURS + only_plain)) == ["location shop.ru /x/"]


def test_a_block_for_the_hosts_of_two_apps_is_compared_with_both() -> None:
    other = "server { listen 443 ssl; server_name chat.ru; location /x/ { proxy_pass http://chat; } }"
    block = "server { listen 443 ssl; server_name www.shop.ru shop.ru chat.ru; location /x/ { proxy_pass http://chat; } }"
    assert ids(http(block), release(shop=OURS, chat=other)) == ["location www.shop.ru /x/"]


def test_hosts_that_nobody_names_are_a_site_only_where_something_is_served_to_them() -> None:
    assert (
        ids(http("server { return 301 https://$host$request_uri; } server { server_name _; location / { return 444; } }"), release()) == []
    )
    assert ids(http("server { location / { proxy_pass http://shop; } }"), release()) == ["site _"]
    assert ids(http("server { server_name localhost; }"), release()) == []


def test_what_is_done_to_every_request_is_found() -> None:
    """Such as the one name that visitors are led to, and those who are kept out."""
    led = "if ($host = www.shop.ru) { return 301 https://shop.ru$request_uri; }"
    every = f"{led} rewrite ^/old/(.*)$ /new/$1 permanent; if ($bad) {{ return 403; }}"
    desired = release(shop=OURS.replace("set $upstream", "if ($bad)  { return 403; } set $upstream", 1))
    found = _nginx_claims.find(http(f"{SHOP} {every} location /api/ {{ proxy_pass http://api:80; }} }}"), desired, {})
    assert [one.id for one in found] == [
        "statement shop.ru if ($host = www.shop.ru)",
        "statement shop.ru rewrite ^/old/(.*)$ /new/$1 permanent",
    ]
    assert found[0].text == led
    # As certbot writes it for plain HTTP, where the release leads everybody to TLS as well.
    assert ids(http(f"server {{ listen 80; server_name shop.ru; {every} }}"), desired) == []
