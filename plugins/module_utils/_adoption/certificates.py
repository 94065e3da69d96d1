# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates of a server, and who renews them. Read by openssl: Python's library may be missing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from glob import glob
from typing import Any

from .._base.command import RunCommand
from .._base.files import read_if_exists
from .engine import ask
from .scheduled import Job

LETSENCRYPT = "/etc/letsencrypt"
ACME_HOMES = ("/root/.acme.sh", "/home/*/.acme.sh")
# Timers that renew: of certbot's Debian package, of its snap, and ours.
TIMERS = ("certbot.timer", "snap.certbot.renew.timer", "rarebooks-certificates.timer")
PROGRAMS = re.compile(r"\b(certbot|acme\.sh|lego|dehydrated)\b")
_AUTHENTICATOR = re.compile(r"^\s*authenticator\s*=\s*(\S+)", re.MULTILINE)
_DATE = "%b %d %H:%M:%S %Y %Z"


def read(run_command: RunCommand, renewers: Iterable[str], now: datetime, root: str = LETSENCRYPT) -> list[dict[str, Any]]:
    """Return the certificates that nginx would find below live, by name."""
    paths = sorted(glob(os.path.join(root, "live", "*", "fullchain.pem")))
    return [_certificate(run_command, path, list(renewers), now, root) for path in paths]


def _certificate(run_command: RunCommand, path: str, renewers: list[str], now: datetime, root: str) -> dict[str, Any]:
    name = os.path.basename(os.path.dirname(path))
    options = ["-noout", "-subject", "-issuer", "-enddate", "-ext", "subjectAltName", "-nameopt", "RFC2253"]
    code, output, error = ask(run_command, "openssl", "x509", *options, "-in", path)
    lineage = (read_if_exists(os.path.join(root, "renewal", f"{name}.conf")) or b"").decode("utf-8", "replace")
    method = _AUTHENTICATOR.search(lineage)
    certbots = [one for one in renewers if "acme.sh" not in one]
    acmes = [one for one in renewers if "acme.sh" in one] if _is_of_acme_sh(name) else []
    return {
        "name": name,
        **(parse(output, now) if code == 0 else {"names": [], "issuer": "", "expires": "", "days_left": None, "own": False}),
        "error": "" if code == 0 else error.strip().partition("\n")[0],
        "renewed_by": ((certbots if lineage else []) + acmes + [""])[0],
        "authenticator": method.group(1) if method else "",
    }


def _is_of_acme_sh(name: str) -> bool:
    return any(glob(f"{home}/{name}{ending}") for home in ACME_HOMES for ending in ("", "_ecc"))


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


def renewers(run_command: RunCommand, containers: Iterable[Mapping[str, Any]], jobs: Iterable[Job]) -> list[str]:
    """Return what renews certificates on this server: timers that run, lines of cron, containers."""
    return [*_timers(run_command), *_scheduled(jobs), *_containers(containers)]


def _timers(run_command: RunCommand) -> Iterator[str]:
    for name in TIMERS:
        if ask(run_command, "systemctl", "is-active", "--quiet", name)[0] == 0:
            yield f"timer {name}"


def _scheduled(jobs: Iterable[Job]) -> Iterator[str]:
    for job in jobs:
        found = PROGRAMS.search(job.command)
        # Debian's own line for certbot does nothing where systemd runs: its timer does.
        if found and "/run/systemd/system" not in job.command:
            yield f"{found.group(1)} in {job.file}"


def _containers(containers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in containers:
        if PROGRAMS.search(str(one["Config"].get("Image"))) and one["State"]["Status"] == "running":
            yield f"container {str(one['Name']).lstrip('/')}"
