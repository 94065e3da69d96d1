"""Somebody who goes on using a site while something is being broken or exchanged."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

import urllib3

HOST = "www.rare-books.ru"
PAGES = ["/", "/api/test/setup-status"]
# Seconds. Each round costs both ends some 20 ms of computing, most of it for TLS.
PAUSE = 0.2


class Visitor:
    """Asks for each page about five times a second, on a new connection each time, and keeps count of the answers."""

    def __init__(self, address: str, ca_file: str, host: str = HOST, pages: Sequence[str] = PAGES) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        self._host, self._pages = host, pages
        # Made once: else each connection would read the authorities anew.
        trust = ssl.create_default_context(cafile=ca_file)
        self._pool = urllib3.HTTPSConnectionPool(
            address, 443, server_hostname=host, assert_hostname=host, ssl_context=trust, retries=False, timeout=10
        )
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._visit, name="visitor")

    def ask(self, page: str) -> str:
        """Return the status of a page, or what kept it from coming."""
        try:
            return str(self._get(page).status)
        except urllib3.exceptions.HTTPError as error:
            return repr(error)

    def body(self, page: str) -> str:
        """Return what a page says, nothing where it does not come."""
        try:
            return self._get(page).data.decode()
        except urllib3.exceptions.HTTPError:
            return ""

    def _get(self, page: str) -> urllib3.BaseHTTPResponse:
        return self._pool.request("GET", page, headers={"Host": self._host, "Connection": "close"}, redirect=False)

    def _visit(self) -> None:
        while not self._gone.is_set():
            for page in self._pages:
                self.answers[page, self.ask(page)] += 1
            self._gone.wait(PAUSE)

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._gone.set()
        self._thread.join()

    def assert_served(self, at_least: int) -> None:
        """Require that every page came every time, and that it was asked for often enough to mean something."""
        assert set(self.answers) == {(page, "200") for page in self._pages}, dict(self.answers)
        assert min(self.answers.values()) >= at_least, dict(self.answers)
