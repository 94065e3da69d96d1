# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a site answers as it must, asked on the server itself under the site's public name."""

from __future__ import annotations

import shlex
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._certificates.trust import trust_options
from .answer import PORTS, Answer, HttpCheck, check_answer, describe
from .gate import OK, ProbeResult, waiting
from .unreachable import endpoint, unreachable

try:
    import requests
    from requests.adapters import HTTPAdapter
except ImportError:
    if not TYPE_CHECKING:
        HTTPAdapter = object

MAX_BODY = 1024 * 1024
CHUNK = 16 * 1024


class PinnedAdapter(HTTPAdapter):
    """Sends a request to a given address, while SNI, certificate check and Host header follow the URL."""

    def __init__(self, address: str, context: ssl.SSLContext) -> None:
        self._address = address
        self._context = context
        super().__init__()

    def get_connection_with_tls_context(self, request: Any, *_args: Any, **_kwargs: Any) -> Any:
        """Return the connection for requests 2.32 and later."""
        return self.get_connection(request.url)

    def get_connection(self, url: Any, *_args: Any, **_kwargs: Any) -> Any:
        """Return the connection for requests before 2.32."""
        parts = urlsplit(url)
        # check_hostname of the context compares the certificate with server_hostname, in every urllib3.
        tls = {"ssl_context": self._context, "server_hostname": parts.hostname} if parts.scheme == "https" else {}
        return self.poolmanager.connection_from_host(self._address, parts.port, parts.scheme, pool_kwargs=tls)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave trust to the context: requests would add its own bundle of CAs to it."""

    def add_headers(self, request: Any, **_kwargs: Any) -> None:
        """Name the site, else the address would be the Host."""
        request.headers["Host"] = urlsplit(request.url).netloc.rpartition("@")[2]


class HttpProbe:
    """Sends one request per attempt, each over a connection of its own."""

    kind = "http"

    def __init__(
        self,
        check: HttpCheck,
        context: ssl.SSLContext,
        timeout: float,
        ca_file: str | None,
        trusted: Sequence[str] = (),
        sent: Mapping[str, str] | None = None,
    ) -> None:
        self.name = check.called
        self.expectation = f"{check.method} {check.url} at {check.connect} answers {describe(check)}"
        self._check = check
        self._ca_file = ca_file
        self._context = context
        self._timeout = timeout
        self._trusted = trusted
        # Headers of the request.
        self._sent = dict(sent or {})
        self.doubtful = False

    def check(self) -> ProbeResult:
        outcome = self._check_once()
        self.doubtful = outcome != OK
        return outcome

    def _check_once(self) -> ProbeResult:
        try:
            wrong = check_answer(self._check, self._fetch())
        except requests.RequestException as error:
            host, address = urlsplit(self._check.url).hostname, self._check.connect
            return unreachable(error, str(host), f"{address} port {self._check.port}", self._timeout, self._ca_file)
        return waiting(wrong) if wrong else OK

    def next_step(self) -> str:
        host, port = urlsplit(self._check.url).hostname, self._check.port
        authorities = trust_options("--cacert", "--capath", self._ca_file, self._trusted)
        pinned = ["--connect-to", f"{host}:{port}:{endpoint(self._check.connect, port)}"]
        method = ["--head"] if self._check.method == "HEAD" else ["--request", self._check.method]
        return " ".join([shlex.join(["curl", "--verbose", *method]), *authorities, shlex.join([*pinned, self._check.url])])

    def _fetch(self) -> Answer:
        until = time.monotonic() + self._timeout
        with requests.Session() as session:
            session.trust_env = False
            session.headers.update({"User-Agent": "rarebooks.platform.health", **self._sent})
            for scheme in PORTS:
                session.mount(f"{scheme}://", PinnedAdapter(self._check.connect, self._context))
            response = session.request(self._check.method, self._check.url, timeout=self._timeout, allow_redirects=False, stream=True)
            body = b""
            for chunk in response.iter_content(CHUNK):
                body += chunk
                if len(body) >= MAX_BODY:
                    break
                # The library's timeout is for each read, so an answer that drips would never end.
                if time.monotonic() > until:
                    raise requests.Timeout("the answer timed out before its end")
            return Answer(response.status_code, response.headers, body)
