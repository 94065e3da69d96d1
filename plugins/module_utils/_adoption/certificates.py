# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates of a server, and who renews them. Read by openssl: Python's library may be missing."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from glob import glob
from typing import Any

from .._base.command import RunCommand
from .._certbot.renewers import Renewers
from .engine import ask

LIVE = "etc/letsencrypt/live/*/fullchain.pem"
# Where deploys of ours have an authority of the server's own, that of the mode selfsigned.
LOCAL_CA = "opt/rarebooks/ca/ca.pem"
_DATE = "%b %d %H:%M:%S %Y %Z"


def read(run_command: RunCommand, now: datetime, root: str = "/") -> list[dict[str, Any]]:
    """Return the certificates that nginx would find, by name, and who renews each."""
    paths = sorted(glob(os.path.join(root, LIVE)))
    renewers = Renewers(run_command, root) if paths else None
    authority = os.path.join(root, LOCAL_CA)
    return [_certificate(run_command, path, renewers, authority, now) for path in paths if renewers]


def _certificate(run_command: RunCommand, path: str, renewers: Renewers, authority: str, now: datetime) -> dict[str, Any]:
    name = os.path.basename(os.path.dirname(path))
    options = ["-noout", "-subject", "-issuer", "-enddate", "-ext", "subjectAltName", "-nameopt", "RFC2253"]
    code, output, error = ask(run_command, "openssl", "x509", *options, "-in", path)
    who = renewers.of(name)
    renewed_by = f"{who.program} ({who.started_by})" if who.started_by else ""
    ours = _is_of(run_command, authority, path)
    return {
        "name": name,
        **(parse(output, now) if code == 0 else {"names": [], "issuer": "", "expires": "", "days_left": None, "own": False}),
        "error": "" if code == 0 else error.strip().partition("\n")[0],
        "local_ca": ours,
        "renewed_by": "each deploy, from the server's own CA" if ours else renewed_by,
        "obstacle": f"{who.program} with the authenticator {who.authenticator}: {who.obstacle}" if who.obstacle else "",
    }


def _is_of(run_command: RunCommand, authority: str, path: str) -> bool:
    """Say whether the server's own authority has signed a certificate, also one that has ended."""
    asked = ["openssl", "verify", "-no_check_time", "-CAfile", authority, path]
    return os.path.isfile(authority) and ask(run_command, *asked)[0] == 0


def parse(output: str, now: datetime) -> dict[str, Any]:
    """Return what `openssl x509` said of a certificate."""
    said = dict(line.partition("=")[::2] for line in output.splitlines() if re.match(r"(subject|issuer|notAfter)=", line))
    ends = datetime.strptime(said["notAfter"].strip(), _DATE).replace(tzinfo=timezone.utc)
    return {
        "names": re.findall(r"DNS:([^,\s]+)", output),
        "issuer": said.get("issuer", "").strip(),
        "expires": ends.strftime("%Y-%m-%d"),
        "days_left": (ends - now).days,
        # Signed by itself: no browser trusts it, and nobody else renews it.
        "own": said.get("issuer") == said.get("subject"),
    }
