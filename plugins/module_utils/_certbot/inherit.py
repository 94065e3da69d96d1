# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lineage of the server's own certbot becomes one of ours, without an order: what it has is what is wanted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone

from .._base.files import make_directory, write_durably
from .._base.libraries import CRYPTOGRAPHY
from .._certificates.certificate import PEM, CertificateError
from .._certificates.live import CHAIN, FOREIGN_RENEWAL, KEY, PRIVATE_FILE, PUBLIC_FILE, Installed
from . import plan
from .client import Certbot, Lineage, read_lineage
from .settings import HTTP, Settings, Wanted

# Settings of a renewal that are ours to say: where its files are, how it answers challenges, and what it does besides.
OURS = re.compile(r"(archive_dir|cert|privkey|chain|fullchain|config_dir|work_dir|logs_dir) =")
ANSWERS = re.compile(r"(authenticator|installer|webroot_path|\w+_hook) =")


def find(settings: Settings, wanted: Wanted) -> Lineage | None:
    """Return the lineage of the server's own certbot, as ours would be; None where there is none that saves an order."""
    if CRYPTOGRAPHY.is_missing:
        return None  # In check mode, before it is installed.
    installed = Installed(wanted.name, settings.live)
    found = read_lineage(wanted.name, _conf(settings, wanted.name), *(os.path.join(installed.directory, file) for file in (CHAIN, KEY)))
    if found and not found.plugin.startswith("dns-"):
        found = replace(found, challenge=HTTP, plugin="webroot")
    try:
        # A certificate that ends soon is ordered anew in any case.
        return None if found is None or plan.reason(wanted, found, settings, datetime.now(timezone.utc)) else found
    except CertificateError:
        return None


def take(settings: Settings, lineage: Lineage) -> None:
    """Write it to where our certbot finds it, its renewal last, and end the other one."""
    root, name = Certbot(settings).root, lineage.name
    conf = _conf(settings, name)
    with open(conf, encoding="utf-8", errors="replace") as stream:
        theirs = stream.read()
    blocks = [f"{block}\n".encode() for block in PEM.findall(lineage.pair.chain.decode("latin-1"))]
    parts = {"privkey": lineage.pair.key, "cert": blocks[0], "chain": b"".join(blocks[1:]), "fullchain": lineage.pair.chain}
    archive, live, renewal = (os.path.join(root, *path) for path in (("archive", name), ("live", name), ("renewal",)))
    for directory in (archive, live, renewal):
        make_directory(directory, 0o700)
    for part, data in parts.items():
        write_durably(os.path.join(archive, f"{part}1.pem"), data, PRIVATE_FILE if part == "privkey" else PUBLIC_FILE)
        link = os.path.join(live, f"{part}.pem")
        if not os.path.lexists(link):
            os.symlink(os.path.join("..", "..", "archive", name, f"{part}1.pem"), link)
    places = [f"archive_dir = {archive}", *(f"{part} = {os.path.join(live, part)}.pem" for part in parts)]
    text = "\n".join([*places, *_rewritten(theirs, lineage, settings)])
    write_durably(os.path.join(renewal, f"{name}.conf"), f"{text}\n".encode(), PRIVATE_FILE)
    # In our form it is what it was; what would renew it in the old place is put aside with that.
    Installed(name, settings.live).put(lineage.pair)


def _conf(settings: Settings, name: str) -> str:
    return os.path.join(os.path.dirname(settings.live), FOREIGN_RENEWAL, f"{name}.conf")


def _rewritten(theirs: str, lineage: Lineage, settings: Settings) -> Iterator[str]:
    """Return their settings of renewal without what is ours to say; challenges over HTTP are answered by our proxy."""
    over_http = lineage.challenge == HTTP
    in_map = False
    for line in theirs.splitlines():
        if line.startswith("["):
            in_map = line == "[[webroot_map]]"
        if in_map or OURS.match(line) or (over_http and ANSWERS.match(line)):
            continue
        yield line
        if over_http and line == "[renewalparams]":
            yield "authenticator = webroot"
            yield f"webroot_path = {settings.webroot},"
