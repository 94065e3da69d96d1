"""Port 443: every row of the contract's table reaches its app and keeps the whole URI."""

import pytest
from apps import MESSENGER_URL, SHOP_URL, bearer
from contract import SHOP


def test_the_shop_is_closed_until_it_is_set_up(web):
    closed = web.get(f"{SHOP_URL}/api/test/setup-status").json()["isInitialSetupNeeded"]
    for path in ("/api/books", "/api/telegram/status"):
        assert web.get(f"{SHOP_URL}{path}").status_code == (403 if closed else 200)


@pytest.mark.parametrize("host_name", SHOP)
@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/api/test/echo", "rarebooks"),
        ("/api/telegram/a%2Fb%20c", "telegram"),
        ("/api/TelegramDiagnostics/a%2Fb%20c", "TelegramDiagnostics"),
    ],
)
def test_shop_endpoints_get_the_whole_uri(web, shop_token, host_name, path, endpoint):
    answer = web.get(f"https://{host_name}{path}?q=a%20b&path=%2Fx").json()
    assert (answer["endpoint"], answer["path"]) == (endpoint, path)
    assert answer["query"] == {"q": "a b", "path": "/x"}


def test_shop_api(web, shop_token):
    books = web.get(f"{SHOP_URL}/api/books")
    assert books.status_code == 200
    assert isinstance(books.json(), list)


@pytest.mark.parametrize("path", ["/", "/any/page", "/health", "/apis"])
def test_the_page_has_the_rest_of_the_shop(web, path):
    answer = web.get(f"{SHOP_URL}{path}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_messenger_gets_the_whole_uri(web):
    answer = web.get(f"{MESSENGER_URL}/api/test/echo?q=a%20b&path=%2Fx").json()
    assert (answer["endpoint"], answer["path"]) == ("messenger", "/api/test/echo")
    assert answer["query"] == {"q": "a b", "path": "/x"}


@pytest.mark.parametrize("method, path", [("GET", "/api/chats"), ("POST", "/hubs/chat/negotiate?negotiateVersion=1")])
def test_messenger_refuses_strangers(web, method, path):
    assert web.request(method, f"{MESSENGER_URL}{path}").status_code == 401


def test_messenger_knows_its_users(web, user_token):
    answer = web.get(f"{MESSENGER_URL}/api/chats?take=1", headers=bearer(user_token))
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("path, status", [("/health", "Healthy"), ("/health/ready", "Ready")])
def test_messenger_health(web, path, status):
    answer = web.get(f"{MESSENGER_URL}{path}")
    assert (answer.status_code, answer.json()["status"]) == (200, status)


def test_messenger_root_leads_to_its_description(web):
    assert (web.get(f"{MESSENGER_URL}/").status_code, web.get(f"{MESSENGER_URL}/swagger").status_code) == (301, 301)
    page = web.get(f"{MESSENGER_URL}/", allow_redirects=True)
    assert [step.headers["Location"] for step in page.history] == ["/swagger", "/swagger/index.html"]
    assert (page.status_code, page.url) == (200, f"{MESSENGER_URL}/swagger/index.html")
    assert page.headers["Content-Type"].startswith("text/html")


def test_messenger_media_come_from_the_app(web):
    answer = web.get(f"{MESSENGER_URL}/audio/none.ogg")
    # The app's own 404 is JSON, nginx's is a page.
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "application/json")


def test_nothing_else_of_the_messenger_is_open(web):
    answer = web.get(f"{MESSENGER_URL}/elsewhere")
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html")
