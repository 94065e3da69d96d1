# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sites as everybody else reaches them: by their names in public DNS, at each address, past whatever stands before the server."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from .._base.files import read_if_exists
from .._base.sentence import say
from .._base.state import fit
from .._certificates.trust import trust
from .._health.answer import Answer, HttpCheck, check_answer
from .._release import live
from .finding import Finding, failed, passed
from .settings import Settings

# What databases and the engine listen on; a port of theirs that is open is open to everybody.
CLOSED = (5432, 2375, 2376)
SECONDS = 5
# A firewall that drops takes as long as it is waited for.
KNOCK = 1
# What a machine without IPv6 says.
NO_WAY = (errno.ENETUNREACH, errno.EADDRNOTAVAIL)


def to_ask(settings: Settings) -> dict[str, Any]:
    """Return, on the server, what is to be asked from elsewhere: the probes, and the authorities to trust."""
    release = live.stated(settings.path)
    authorities = (read_if_exists(release.ca_file) or b"").decode() if release.ca_file else ""
    return {"probes": [asdict(one) for app in release.apps for one in app.checks], "authorities": authorities}


def look(asks: Mapping[str, Any]) -> list[Finding]:
    """Ask from here."""
    checks = [fit({**one, "status": list(one["status"])}, HttpCheck) for one in asks["probes"]]
    context = trust(None)
    if asks["authorities"]:
        context.load_verify_locations(cadata=asks["authorities"])
    hosts = sorted({str(urlsplit(one.url).hostname) for one in checks})
    with ThreadPoolExecutor(32) as pool:
        addresses = dict(zip(hosts, pool.map(addresses_of, hosts), strict=True))
        wanted = [(one, address) for one in checks for address in addresses[str(urlsplit(one.url).hostname)]]
        found = list(pool.map(lambda one: asked(one[0], one[1], context), wanted))
        doors = sorted({(address, port) for some in addresses.values() for address in some for port in CLOSED})
        found += [one for some in pool.map(lambda door: list(knocked(*door)), doors) for one in some]
    return [*nowhere(addresses), *found]


def nowhere(addresses: Mapping[str, list[str]]) -> Iterator[Finding]:
    for host, some in addresses.items():
        if not some:
            text = say("expected an address in public DNS, got none")
            yield failed("outside", host, text, say("From the controller: {command}", command=f"getent ahosts {host}"))


def addresses_of(host: str) -> list[str]:
    try:
        return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError):
        return []


def asked(check: HttpCheck, address: str, context: ssl.SSLContext) -> Finding:
    """Ask one address of a site."""
    try:
        wrong = check_answer(check, fetch(check, address, context))
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and error.errno in NO_WAY and ":" in address:
            # Names have such addresses for those who can use them.
            text = say("could not be asked: this machine has no way to {address}", address=address)
            return passed("outside", f"{check.called} ({address})", text)
        wrong = str(error) or type(error).__name__
    if not wrong:
        return passed("outside", f"{check.called} ({address})", say("answers as it must"))
    text = say("{method} {url} at {address}, got: {error}", method=check.method, url=check.url, address=address, error=wrong)
    command = f"curl --verbose --resolve '*:{check.port}:{address}' {check.url}"
    return failed("outside", f"{check.called} ({address})", text, say("From the controller: {command}", command=command))


def fetch(check: HttpCheck, address: str, context: ssl.SSLContext) -> Answer:
    """Send one request to an address, under the site's name."""
    parts = urlsplit(check.url)
    connection = http.client.HTTPConnection(str(parts.hostname), check.port, timeout=SECONDS)
    connection.sock = socket.create_connection((address, check.port), SECONDS)
    try:
        if parts.scheme == "https":
            connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
        connection.request(check.method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read(1024 * 1024))
    finally:
        connection.close()


def knocked(address: str, port: int) -> Iterator[Finding]:
    """Say that a port which nobody may reach can be reached."""
    try:
        socket.create_connection((address, port), KNOCK).close()
    except OSError:
        return
    text = say("expected it closed, got a connection from the controller")
    yield failed("outside", f"{address} port {port}", text, say("See who publishes it: {command}", command="docker ps"))
