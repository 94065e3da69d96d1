# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is checked before an order is placed: what would fail here would fail at the authority too, and count there."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from ipaddress import ip_address

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.files import DIRECTORY_MODE, make_directory
from .._server import system
from .client import LOGS
from .settings import HTTP, Settings, Wanted

with suppress(ImportError):  # See _base.libraries.
    import requests

CHALLENGES = ".well-known/acme-challenge"
SECONDS = 10
# Room for keys, chains, certbot's log and a challenge.
MIN_DISK = 16


class CheckError(PlatformError):
    """An order would fail; none has been placed."""


class NoProxy(CheckError):
    """Nothing answers challenges yet."""


def resolution(settings: Settings, wanted: Wanted, run_command: RunCommand) -> None:
    """Each name leads to this server and to no other: the authority may ask any of its addresses, and prefers IPv6.

    A loopback address comes from the server's own /etc/hosts, as Debian's 127.0.1.1 for its own name, and says nothing of DNS.
    """
    if wanted.challenge != HTTP or not settings.check_resolution:
        return
    own = set(system.addresses(run_command))
    for name, found in system.resolve(wanted.names).items():
        foreign = [address for address in found if address not in own and not ip_address(address).is_loopback]
        if foreign or not found:
            raise CheckError(
                f"{name} on {settings.host}: expected DNS to lead to addresses of this server only ({', '.join(sorted(own))}), got "
                f"{', '.join(foreign) or 'no address'}. The authority would look for the challenge there. Correct the DNS record, "
                "or, where the server is behind an address it does not know, set certificates_check_resolution to false."
            )


def disk(settings: Settings) -> None:
    """There is room for what an order leaves: a full disk after the order would lose the certificate."""
    for path in (settings.path, settings.live, LOGS):
        free = system.disk_free(path)
        if free < MIN_DISK:
            raise CheckError(
                f"{path} on {settings.host}: expected {MIN_DISK} MiB free for a certificate, got {free} MiB. Free some space "
                "(`docker system df` shows what images use)."
            )


def directory(settings: Settings) -> None:
    """The ACME directory answers."""
    try:
        answer = requests.get(settings.directory, timeout=SECONDS, verify=settings.ca_file or True)
        if answer.ok and "newOrder" in answer.json():
            return
        got = f"status {answer.status_code}" if not answer.ok else "JSON without newOrder"
    except (requests.RequestException, ValueError) as error:
        got = str(error)
    raise CheckError(
        f"ACME directory {settings.directory}: expected it to answer {settings.host}, got: {got}. Check the server's way to the "
        "internet, certificates_directory and certificates_ca_bundle. It is tried again by the next deploy, and by the timer where a "
        "certificate was issued before."
    )


def challenge(settings: Settings, wanted: Wanted) -> None:
    """A token of our own comes back through the proxy under each name."""
    if wanted.challenge != HTTP:
        return
    token = secrets.token_urlsafe(24)
    folder = os.path.join(settings.webroot, CHALLENGES)
    path = os.path.join(folder, token)
    make_directory(folder)
    for made in (folder, os.path.dirname(folder)):
        # nginx's workers must get there, also where a narrower umask of before made them.
        os.chmod(made, DIRECTORY_MODE)
    try:
        with open(path, "w", encoding="ascii") as stream:
            stream.write(token)
        os.chmod(path, 0o644)
        for name in wanted.names:
            _fetch(settings, name, token)
    finally:
        os.unlink(path)
        # certbot removes these where they are empty, too.
        for empty in (folder, os.path.dirname(folder)):
            if os.path.isdir(empty) and not os.listdir(empty):
                shutil.rmtree(empty)


def _fetch(settings: Settings, name: str, token: str) -> None:
    url = f"http://127.0.0.1:{settings.http_port}/{CHALLENGES}/{token}"
    where = f"{name} on {settings.host}, http://{name}/{CHALLENGES}/"
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, headers={"Host": name}, timeout=SECONDS, allow_redirects=False)
    except requests.ConnectionError as error:
        raise NoProxy(f"{where}: expected the proxy to serve challenges, got no answer on port {settings.http_port}: {error}") from error
    except requests.RequestException as error:
        raise CheckError(f"{where}: expected the proxy to serve challenges, got: {error}") from error
    if answer.status_code != 200 or answer.text != token:
        raise CheckError(
            f"{where}: expected the proxy to serve the file {settings.webroot}/{CHALLENGES}/{token}, got status "
            f"{answer.status_code}. Every port-80 block needs the location (snippets/acme_challenge.conf)."
        )
