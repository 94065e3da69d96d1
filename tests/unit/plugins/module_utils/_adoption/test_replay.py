"""Two proxies are asked the same, and what differs between their answers is told; what differs by itself is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import replay
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption.replay import Difference, Request

GET = Request("GET", "http", "shop.ru", "/a")


def told(running: dict[str, str], candidate: dict[str, str], request: Request = GET) -> list[tuple[str, str, str]]:
    found = replay.differences(request, lambda _request: running, lambda _request: candidate)
    return [(one.field, one.running, one.candidate) for one in found]


@pytest.mark.parametrize(
    ("running", "candidate", "differences"),
    [
        ({"status": "200"}, {"status": "200"}, []),
        ({"status": "200", "body": "a"}, {"status": "404", "body": "b"}, [("status", "200", "404")]),
        ({"status": "200", "body": "a"}, {"status": "200", "body": "b"}, [("body", "a", "b")]),
        (
            {"status": "301", "redirect": "x", "header a": "1"},
            {"status": "302", "redirect": "y"},
            [("status", "301", "302"), ("redirect", "x", "y")],
        ),
        ({"status": "200", "header a": "1"}, {"status": "200"}, [("header a", "1", "")]),
        ({"status": "200"}, {"status": "200", "header x-content-type-options": "nosniff"}, []),
        (
            {"status": "200", "header x-content-type-options": "nosniff"},
            {"status": "200"},
            [("header x-content-type-options", "nosniff", "")],
        ),
        ({"status": "200", "header a": "1"}, {"status": "no answer: TLS refused"}, [("status", "200", "no answer: TLS refused")]),
    ],
)
def test_what_differs_is_told(running: dict[str, str], candidate: dict[str, str], differences: list[tuple[str, str, str]]) -> None:
    assert told(running, candidate) == differences


def test_what_the_running_proxy_answers_in_two_ways_is_not_told() -> None:
    numbers = count()
    found = replay.differences(GET, lambda _: {"status": "200", "body": str(next(numbers))}, lambda _: {"status": "200", "body": "x"})
    assert list(found) == []


def test_one_difference_of_a_url_is_told_once() -> None:
    requests = [Request(method, "http", "shop.ru", path) for method in ("GET", "HEAD") for path in ("/a", "/b")]

    def candidate(request: Request) -> dict[str, str]:
        return {"status": "405" if request.method == "HEAD" and request.path == "/b" else "404"}

    outcome = replay.compare(requests, lambda _: {"status": "200"}, candidate, 400, 10)
    assert outcome.differences == [
        Difference("GET http://shop.ru/a", "status", "200", "404"),
        Difference("GET http://shop.ru/b", "status", "200", "404"),
        Difference("HEAD http://shop.ru/b", "status", "200", "405"),
    ]
    assert (outcome.asked, outcome.left_out) == (4, 0)


@pytest.mark.parametrize(("limit", "seconds", "asked"), [(2, 10.0, 2), (400, 0.0, 0)])
def test_the_number_of_requests_and_their_time_have_a_limit(limit: int, seconds: float, asked: int) -> None:
    outcome = replay.compare([GET] * 5, lambda _: {"status": "200"}, lambda _: {"status": "200"}, limit, seconds)
    assert (outcome.asked, outcome.left_out) == (asked, 5 - asked)


class Answers(BaseHTTPRequestHandler):
    """What a proxy may answer, by path."""

    def do_GET(self) -> None:
        if self.path == "/closed":
            return
        if self.path == "/slow":
            self.server.stopped.wait(5)  # type: ignore[attr-defined]
            return
        self.send_response(301 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", f"http://{self.headers['Host']}:80/there")
        self.send_header("X-Host", self.headers["Host"])
        self.send_header("Set-Cookie", "session=1; Path=/")
        self.end_headers()
        self.wfile.write(b"nginx/1.2.3" if self.path == "/version" else self.path.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Iterator[partial[dict[str, str]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.stopped = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(replay, "_port", lambda _scheme: server.server_port)
    yield partial(replay.answer, "127.0.0.1", timeout=0.5)
    server.stopped.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def request(path: str, scheme: str = "http") -> Request:
    return Request("GET", scheme, "shop.ru", path)


def test_an_answer_has_what_counts(ask: partial[dict[str, str]]) -> None:
    answer = ask(request("/a"))
    assert answer.pop("body").startswith("2 bytes, sha256 ")
    assert answer == {"status": "200", "header x-host": "shop.ru", "cookies": "session"}
    assert ask(request("/moved"))["redirect"] == "http://shop.ru/there"
    assert ask(request("/version"))["body"].startswith("5 bytes")


@pytest.mark.parametrize(
    ("path", "scheme", "status"),
    [("/closed", "http", "connection closed"), ("/slow", "http", "none in time"), ("/a", "https", "TLS refused")],
)
def test_where_there_is_no_answer_the_reason_is_told(ask: partial[dict[str, str]], path: str, scheme: str, status: str) -> None:
    assert ask(request(path, scheme)) == {"status": f"no answer: {status}"}


@pytest.mark.parametrize("location", ["/there", "http://shop.ru/there", "http://shop.ru:80/there", "there"])
def test_a_redirect_is_compared_by_where_it_leads(location: str) -> None:
    assert replay._absolute(GET, location) == "http://shop.ru/there"
