# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether certificates that others have put in place, and renew, can be served as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .._base.libraries import CRYPTOGRAPHY
from . import trial
from .certificate import CertificateError
from .live import CHAIN, KEY, LIVE, Installed, Pair, chain_files


def problems(name: str, hosts: Sequence[str], live: str = LIVE) -> list[str]:
    """Return one sentence for each reason why the pair of this name cannot serve these hosts."""
    installed = Installed(name, live)
    pair = installed.pair()
    where = f"Certificate {name}"
    if pair is None:
        return [f"{where}: {_missing(installed.directory, live)}"]
    if text := trial.complaint(pair, ()):
        return [f"{where}: {text} It lies in {installed.directory}."]
    found, covered = [], list(hosts)
    names = _names(pair)
    if names is not None:
        covered = [host for host in hosts if pair.leaf.covers(host)]
    if lacking := [host for host in hosts if host not in covered]:
        found.append(
            f"{where}: expected it to cover {', '.join(lacking)}, got {', '.join(names or ()) or 'no names'} in {installed.chain_file}. "
            "Give each site a certificate that covers its server names (rarebooks_certificate and the like)."
        )
    # A bare server has no authorities yet; the gate asks it when it has.
    if trial.can_validate() and (text := trial.complaint(pair, covered)):
        found.append(f"{where}: {text} It lies in {installed.directory}.")
    return found


def _missing(directory: str, live: str) -> str:
    lacking = [file for file in (CHAIN, KEY) if not os.path.exists(os.path.join(directory, file))]
    there = [os.path.basename(os.path.dirname(path)) for path in chain_files(live)]
    return (
        f"expected {CHAIN} and {KEY} in {directory} on the server, since certificates_mode is existing, got no {' and no '.join(lacking)}. "
        f"There are certificates named: {', '.join(there) or 'none'}. Name the right one (rarebooks_certificate and the like), or "
        "choose another certificates_mode."
    )


def _names(pair: Pair) -> list[str] | None:
    """Return what a certificate covers, None where that cannot be read: then the handshakes alone tell."""
    if CRYPTOGRAPHY.is_missing:
        return None
    try:
        return pair.leaf.subject_names
    except CertificateError:
        return None
