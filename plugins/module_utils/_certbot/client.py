# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""certbot's command lines, and the lineages it keeps. Its directory is our own, so that no other timer renews from it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from .._base.command import execute
from .._base.files import read_if_exists
from .._certificates.live import Pair
from .settings import DNS, HTTP, Settings, Wanted

Run = Callable[[list[str], dict[str, str]], tuple[int, str]]

CERTBOT = "/usr/bin/certbot"
LOGS = "/var/log/letsencrypt"
# What certbot calls chain and key, with a number and .pem in its archive.
PARTS = ("fullchain", "privkey")
# An order takes seconds; a resolver or a directory that hangs must not hold the lease for ever.
SECONDS = 600
# The directory does not know the account any more (RFC 8555, 6.7; certonly tells only its text), or certbot has lost it.
UNKNOWN_ACCOUNT = re.compile(r"urn:ietf:params:acme:error:accountDoesNotExist|Account at \S+ does not exist|Account \S+ not found")
# It shares the log's lock with every other certbot of the server, and ends before it asks the directory for anything.
BUSY = "Another instance of Certbot is already running"
# What certbot prints around the cause.
NOISE = re.compile(
    r"Saving debug log|^- -|^Processing|^Renewing |^Requesting |^Ask for help|^Waiting \d+ seconds|^All renewals failed|"
    r"^\d+ renew failure|^Hint: |^Account registered|Some challenges have failed|fullchain\.pem \(|\.conf$|"
    r"^An unexpected error|^Encountered exception during recovery|^Certbot failed to authenticate"
)


@dataclass(frozen=True)
class Lineage:
    """A certificate as certbot keeps it, with the settings it was ordered with."""

    name: str
    pair: Pair
    directory: str
    challenge: str
    plugin: str


def run(argv: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command; return its exit code and all it said."""
    try:
        code, said, _errors = execute(argv, {"LC_ALL": "C.UTF-8", **environment}, SECONDS, merged=True)
    except subprocess.TimeoutExpired as error:
        said = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else error.stdout or ""
        return 124, f"{said}\nno end within {SECONDS} s"
    except OSError as error:
        return 127, str(error)
    return code, said


def cause(output: str) -> str:
    """Return what certbot says about why it failed, without what it says around it."""
    lines = [line.strip() for line in output.splitlines()]
    return "\n".join(line for line in lines if line and not NOISE.search(line)) or "certbot said nothing about it"


def read_lineage(name: str, settings: str, chain: str, key: str) -> Lineage | None:
    """Return the lineage in these three files, None unless all are there."""
    found = [read_if_exists(path) for path in (settings, chain, key)]
    if found[0] is None or found[1] is None or found[2] is None:
        return None
    said = dict(re.findall(r"^(\w+) = (.*)$", found[0].decode(errors="replace"), re.MULTILINE))
    plugin = said.get("authenticator", "")
    return Lineage(name, Pair(found[1], found[2]), said.get("server", ""), HTTP if plugin == "webroot" else DNS, plugin)


class Certbot:
    """certbot with the directory, the account and the lineages of this server."""

    def __init__(self, settings: Settings, run: Run = run) -> None:
        self.root = os.path.join(settings.path, "certbot")
        self._settings = settings
        self._run = run

    def names(self) -> list[str]:
        """Return the names of the lineages."""
        directory = os.path.join(self.root, "renewal")
        found = os.listdir(directory) if os.path.isdir(directory) else []
        return sorted(name.removesuffix(".conf") for name in found if name.endswith(".conf"))

    def lineage(self, name: str) -> Lineage | None:
        """Return a lineage, None where there is no whole one."""
        live = os.path.join(self.root, "live", name)
        chain, key = (os.path.join(live, f"{part}.pem") for part in PARTS)
        return read_lineage(name, os.path.join(self.root, "renewal", f"{name}.conf"), chain, key)

    def order(self, wanted: Wanted) -> tuple[int, str]:
        """Order a certificate, whatever is there; return exit code and output."""
        code, output = self._certbot(["certonly", *self._terms(wanted)])
        if code != 0 and UNKNOWN_ACCOUNT.search(output):
            # No order has been placed: the directory asks who we are before it listens.
            self._forget_account()
            return self._certbot(["certonly", *self._terms(wanted)])
        return code, output

    def renew(self, lineage: Lineage) -> tuple[int, str]:
        """Renew a lineage if certbot finds it due."""
        code, output = self._certbot(["renew", "--cert-name", lineage.name, "--no-random-sleep-on-renew"])
        if code == 0 or not UNKNOWN_ACCOUNT.search(output):
            return code, output
        # A lineage names the account it was ordered with, so that with another one it has to be ordered anew.
        leaf = lineage.pair.leaf
        return self.order(Wanted(lineage.name, leaf.subject_names, lineage.challenge, leaf.key_type))

    def _certbot(self, arguments: list[str]) -> tuple[int, str]:
        command = [
            CERTBOT,
            *arguments,
            "--non-interactive",
            "--no-directory-hooks",
            "--config-dir",
            self.root,
            "--work-dir",
            os.path.join(self.root, "work"),
            "--logs-dir",
            LOGS,
        ]
        return self._run(command, {"REQUESTS_CA_BUNDLE": self._settings.ca_file} if self._settings.ca_file else {})

    def _forget_account(self) -> None:
        """Move the accounts out of the way, so that the next order makes a new one."""
        accounts = os.path.join(self.root, "accounts")
        shutil.rmtree(f"{accounts}.unknown", ignore_errors=True)
        if os.path.isdir(accounts):
            os.rename(accounts, f"{accounts}.unknown")

    def _account(self) -> list[str]:
        email = self._settings.email
        known = ["--email", email, "--no-eff-email"] if email else ["--register-unsafely-without-email"]
        return ["--agree-tos", "--server", self._settings.directory, *known]

    def _terms(self, wanted: Wanted) -> list[str]:
        settings = self._settings
        terms = [
            "--cert-name",
            wanted.name,
            "--force-renewal",
            "--renew-with-new-domains",
            "--key-type",
            wanted.key_type,
            *self._account(),
            *(part for name in wanted.names for part in ("--domain", name)),
        ]
        if wanted.challenge == HTTP:
            return [*terms, "--authenticator", "webroot", "--webroot-path", settings.webroot]
        plugin = f"dns-{settings.dns_plugin}"
        terms += ["--authenticator", plugin]
        if settings.dns_credentials:
            terms += [f"--{plugin}-credentials", settings.dns_credentials]
        if settings.dns_propagation:
            terms += [f"--{plugin}-propagation-seconds", str(settings.dns_propagation)]
        return terms
