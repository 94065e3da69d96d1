# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a site answers as it must, asked on the server itself under the site's public name."""

from __future__ import annotations

import shlex
import ssl
import time
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ansible_collections.rarebooks.platform.plugins.module_utils._health_answer import (
    PORTS,
    Answer,
    HttpCheck,
    describe,
    judge_answer,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._health_gate import OK, Outcome, failed, waiting

IMPORT_ERROR: str | None = None
try:
    import requests
    from requests.adapters import HTTPAdapter
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
    if not TYPE_CHECKING:
        HTTPAdapter = object

MAX_BODY = 1024 * 1024
CHUNK = 16 * 1024
# X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, ..._SELF_SIGNED_CERT_IN_CHAIN and ..._UNABLE_TO_GET_ISSUER_CERT_LOCALLY of OpenSSL.
UNKNOWN_ISSUER = (18, 19, 20)
PRIVATE_CA = (
    " (judged by the server's own trust store: a private CA's root has to be in it, see update-ca-certificates(8), "
    "and the chain file has to hold every intermediate)"
)


def trust(ca_file: str | None) -> ssl.SSLContext:
    """Return the TLS settings of all probes: one CA or the system's, names checked, TLS 1.2 at least."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(
            f"ca_file: expected PEM certificates in {ca_file} on the server, got: {error}. "
            "Put the CA's certificate there first, or leave ca_file out to trust the system's authorities."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 refuses certificates over formalities (RFC 5280) that browsers and nginx do not mind.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


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


def causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and all it wraps; requests and urllib3 use four ways of wrapping."""
    seen: list[BaseException] = []
    found: list[Any] = [error]
    while found:
        current = found.pop(0)
        if isinstance(current, BaseException) and current not in seen:
            seen.append(current)
            yield current
            found += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]


def explain(check: HttpCheck, error: Exception, timeout: float) -> str:
    """Say why there is no answer, in words that do not need the library's source to be understood."""
    where, host = f"{check.connect} port {check.port}", urlsplit(check.url).hostname
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate shown for {host} is not trusted: {cause.verify_message}"
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens on {where} (connection refused)"
    for cause in chain:
        if isinstance(cause, ssl.SSLError):
            return f"no TLS with {where} for {host}: {cause.reason or cause}"
        if isinstance(cause, (requests.Timeout, TimeoutError)) or "timed out" in str(cause):
            return f"no complete answer from {where} within {timeout:g} s"
    return f"no answer from {where}: {chain[-1]}"


class HttpProbe:
    """Sends one request per attempt, each over a connection of its own."""

    kind = "http"

    def __init__(self, check: HttpCheck, context: ssl.SSLContext, timeout: float, ca_file: str | None) -> None:
        self.name = check.name
        self.expectation = f"{check.method} {check.url} at {check.connect} answers {describe(check)}"
        self._check = check
        self._ca_file = ca_file
        self._context = context
        self._timeout = timeout

    def check(self) -> Outcome:
        try:
            wrong = judge_answer(self._check, self._fetch())
        except requests.RequestException as error:
            wrong = explain(self._check, error, self._timeout)
            distrust = [cause for cause in causes(error) if isinstance(cause, ssl.SSLCertVerificationError)]
            if distrust:  # a certificate does not mend with time
                unknown = self._ca_file is None and distrust[0].verify_code in UNKNOWN_ISSUER
                return failed(wrong + (PRIVATE_CA if unknown else ""))
        return waiting(wrong) if wrong else OK

    def next_step(self) -> str:
        host, port = urlsplit(self._check.url).hostname, self._check.port
        trusted = ["--cacert", self._ca_file] if self._ca_file else []
        address = f"[{self._check.connect}]" if ":" in self._check.connect else self._check.connect
        pinned = ["--connect-to", f"{host}:{port}:{address}:{port}"]
        method = ["--head"] if self._check.method == "HEAD" else ["--request", self._check.method]
        return shlex.join(["curl", "--verbose", *method, *trusted, *pinned, self._check.url])

    def _fetch(self) -> Answer:
        until = time.monotonic() + self._timeout
        with requests.Session() as session:
            session.trust_env = False
            session.headers["User-Agent"] = "rarebooks.platform.health"
            for scheme in PORTS:
                session.mount(f"{scheme}://", PinnedAdapter(self._check.connect, self._context))
            response = session.request(
                self._check.method, self._check.url, timeout=self._timeout, allow_redirects=False, stream=True
            )
            body = b""
            for chunk in response.iter_content(CHUNK):
                body += chunk
                if len(body) >= MAX_BODY:
                    break
                # The library's timeout is for each read, so an answer that drips would never end.
                if time.monotonic() > until:
                    raise requests.Timeout("the answer did not end")
            return Answer(response.status_code, response.headers, body)
