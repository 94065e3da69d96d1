# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks two proxies the same, and says in what their answers differ."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

METHODS = ("GET", "HEAD", "OPTIONS")
PORTS = {"http": 80, "https": 443}
LONGEST_BODY = 256 * 1024
# At a time. A server that is adopted has visitors meanwhile.
THREADS = 4
# What differs between any two answers, or between any two proxies.
_NOT_COMPARED = {
    "date",
    "server",
    "content-length",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "age",
    "expires",
    "location",
    "set-cookie",
}
# What a release adds to the answers of all sites, where the running proxy says nothing of the kind: meant, and nothing of one request.
_ADDED = {"header x-content-type-options": "nosniff"}
# nginx states its version in its own error pages, where it is not told to be silent.
_VERSION = re.compile(rb"nginx/[0-9.]+")
# What stands for an answer where there is none.
NONE = "no answer"


@dataclass(frozen=True)
class Request:
    """A request for a host of a proxy."""

    method: str
    scheme: str
    host: str
    path: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}"

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True)
class Difference:
    """What of an answer differs, and how."""

    request: str
    field: str
    running: str
    candidate: str


@dataclass(frozen=True)
class Outcome:
    """What was found out."""

    differences: list[Difference]
    asked: int
    left_out: int


# Takes a request; returns what of its answer counts, by field.
Ask = Callable[[Request], dict[str, str]]


def compare(requests: Sequence[Request], running: Ask, candidate: Ask, limit: int, seconds: float) -> Outcome:
    """Send requests to both proxies until the limit or the time is reached."""
    chosen, until = requests[:limit], time.monotonic() + seconds

    def one(request: Request) -> list[Difference] | None:
        return list(differences(request, running, candidate)) if time.monotonic() < until else None

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(one, chosen))
    asked = [one for one in found if one is not None]
    # What differs by one method for a reason of its path differs by the others as well.
    listed = {(one.request.partition(" ")[2], one.field, one.running, one.candidate): one for some in reversed(asked) for one in some}
    return Outcome([one for some in asked for one in some if one in listed.values()], len(asked), len(requests) - len(asked))


def differences(request: Request, running: Ask, candidate: Ask) -> Iterator[Difference]:
    """Yield in what the answers differ. What the running proxy itself answers in two ways, such as a time of day, says nothing."""
    first, other = running(request), candidate(request)
    if first == other:
        return
    again = running(request)
    if NONE in first["status"] + other["status"]:
        first, other, again = ({"status": one["status"]} for one in (first, other, again))
    for field in sorted(first.keys() | other.keys() | again.keys(), key=_order):
        before, after = first.get(field, ""), other.get(field, "")
        # Another status has another body, and headers that say of what kind it is.
        told = field in ("status", "redirect") or first["status"] == other["status"]
        added = not before and after == _ADDED.get(field)
        if told and before != after and before == again.get(field, "") and not added:
            yield Difference(str(request), field, before, after)


def _order(field: str) -> tuple[bool, str]:
    return field != "status", field


def answer(address: str, request: Request, timeout: float) -> dict[str, str]:
    """Ask the proxy at an address, which need not have a certificate that anybody trusts."""
    until = time.monotonic() + timeout
    try:
        connection = connect(address, timeout, request)
    except OSError as error:
        return {"status": f"{NONE}: {_reason(error)}"}
    try:
        path = quote(request.path, safe="/%:@!$&'()*+,;=~?-._")
        connection.request(request.method, path, headers={"Host": request.host, "User-Agent": "rarebooks.platform.proxy_compare"})
        response = connection.getresponse()
        return {"status": str(response.status), **_fields(request, response), **_body(response, until)}
    except (OSError, http.client.HTTPException) as error:
        return {"status": f"{NONE}: {_reason(error)}"}
    finally:
        connection.close()


def connect(address: str, timeout: float, request: Request) -> http.client.HTTPConnection:
    """Return a connection to the address that names the request's host as visitors do."""
    port = _port(request.scheme)
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    plain = socket.create_connection((address, port), timeout)
    connection.sock = plain
    if request.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            connection.sock = context.wrap_socket(plain, server_hostname=request.host)
        except OSError:
            plain.close()
            raise
    return connection


def _port(scheme: str) -> int:
    return PORTS[scheme]


def _reason(error: Exception) -> str:
    """Return why there was no answer, in words that do not depend on the moment."""
    if isinstance(error, ssl.SSLError):
        return "TLS refused"
    if isinstance(error, TimeoutError):
        return "none in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, (ConnectionError, http.client.RemoteDisconnected, http.client.BadStatusLine)):
        return "connection closed"
    return type(error).__name__


def _fields(request: Request, response: http.client.HTTPResponse) -> dict[str, str]:
    fields: dict[str, list[str]] = {}
    for name, value in response.getheaders():
        if name.lower() not in _NOT_COMPARED:
            fields.setdefault(f"header {name.lower()}", []).append(value)
    found = {name: ", ".join(sorted(values)) for name, values in fields.items()}
    cookies = sorted({value.partition("=")[0].strip() for value in response.headers.get_all("set-cookie") or []})
    if cookies:
        found["cookies"] = ", ".join(cookies)
    if location := response.headers.get("location"):
        found["redirect"] = _absolute(request, location)
    return found


def _absolute(request: Request, location: str) -> str:
    """Return where a redirect leads; a proxy may state it with or without scheme, host and usual port."""
    whole = urlsplit(urljoin(request.url, location))
    usual = f":{PORTS.get(whole.scheme, 0)}"
    return whole._replace(netloc=whole.netloc.removesuffix(usual)).geturl()


def _body(response: http.client.HTTPResponse, until: float) -> dict[str, str]:
    """Return a digest of the beginning of a body, which may come slowly or never end."""
    body, complete = b"", False
    try:
        while len(body) < LONGEST_BODY and time.monotonic() < until:
            chunk = response.read1(LONGEST_BODY - len(body))
            complete = not chunk
            if complete:
                break
            body += chunk
    except (OSError, http.client.HTTPException):
        return {"body": "broken off"}
    if not complete and len(body) < LONGEST_BODY:
        return {"body": "without end"}
    body = _VERSION.sub(b"nginx", body)
    return {"body": f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()[:12]}"}
