"""The authority of this scenario: what a test asks of its CA (Pebble) and of its name server (BIND), and does to them."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import server
from deployment import ROOT

HOST = "rarebooks-letsencrypt-authority"
SSH_CONFIG = ROOT / "build/letsencrypt-authority/ssh_config"
ZONE = "rare-books.test"
# The authorities the operator gives to the deploy, and where it puts them.
BUNDLE = ROOT / "build/letsencrypt/ca_bundle.pem"
SERVERS_BUNDLE = "/opt/rarebooks/letsencrypt/ca_bundle.pem"
CONFIGURATION = "/etc/pebble/pebble.json"
ROOT_URL = "https://localhost:15000/roots/0"
NEW_ORDER = "POST /order-plz -> calling handler()"


def run(*argv: str, stdin: str = "") -> str:
    """Run a command on the authority and return its output; a failure is an error."""
    ssh = ["ssh", "-F", str(SSH_CONFIG), HOST, shlex.join(argv)]
    done = subprocess.run(ssh, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(argv)} on {HOST}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def root_certificate() -> str:
    """Return the root, in PEM, that the certificates now issued lead to. Pebble makes another one at every start."""
    return run("curl", "--silent", "--show-error", "--fail", "--cacert", "/etc/pebble/ca.pem", ROOT_URL)


def orders() -> int:
    """Return how many orders the CA was ever asked for, also those it refused, over all its restarts."""
    run("journalctl", "--sync")
    return run("journalctl", "--unit=pebble", "--output=cat").count(NEW_ORDER)


def stop() -> None:
    """Stop the CA. It forgets accounts, orders and its root."""
    run("systemctl", "stop", "pebble")


def start() -> None:
    """Start the CA, return when it answers, and have operator and server trust its new root as well."""
    run("systemctl", "start", "pebble")
    with BUNDLE.open("a") as stream:
        stream.write(root_certificate())
    server.run("tee", SERVERS_BUNDLE, stdin=BUNDLE.read_text())


@contextmanager
def stopped() -> Iterator[None]:
    """Have no CA for a while, and one that knows nobody afterwards."""
    stop()
    try:
        yield
    finally:
        start()


def _configure(text: str) -> None:
    with stopped():
        run("tee", CONFIGURATION, stdin=text)


@contextmanager
def validity(seconds: int) -> Iterator[None]:
    """Have a CA whose certificates live so long. It is another one that knows nobody, as is the one afterwards."""
    before = run("cat", CONFIGURATION)
    wanted = json.loads(before)
    wanted["pebble"]["certificateValidityPeriod"] = seconds
    _configure(json.dumps(wanted))
    try:
        yield
    finally:
        _configure(before)


@contextmanager
def refusing_updates() -> Iterator[None]:
    """Have a name server that goes on answering, and refuses every update of the zone (REFUSED), the tests' own too."""
    run("rndc", "freeze", ZONE)
    try:
        yield
    finally:
        run("rndc", "thaw", ZONE)


def point_to(address: str) -> None:
    """Point every name to an address; BIND answers so when this returns. A server may have another one after a restart."""
    run("point-names", address)
