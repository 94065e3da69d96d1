# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom we trust when we validate certificates, as a strict client does."""

from __future__ import annotations

import shlex
import ssl
from collections.abc import Sequence

# X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, ..._SELF_SIGNED_CERT_IN_CHAIN and ..._UNABLE_TO_GET_ISSUER_CERT_LOCALLY of OpenSSL.
UNKNOWN_ISSUER = (18, 19, 20)
# Where Debian and Ubuntu keep the system's authorities, for programs that forget them when they are given others.
SYSTEM_AUTHORITIES = "/etc/ssl/certs"


def trust(ca_file: str | None, trusted: Sequence[str] = ()) -> ssl.SSLContext:
    """Return the TLS settings of all probes: one CA or the system's and others beside, names checked, TLS 1.2 at least."""
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
    # Browsers look at alternative names only.
    context.hostname_checks_common_name = False
    for path in trusted:
        try:
            context.load_verify_locations(path)
        except OSError as error:
            raise ValueError(
                f"trusted: expected PEM certificates in {path} on the server, got: {error}. "
                "Put the certificate there first, or leave the file out of trusted."
            ) from error
    if trusted:
        # A chain may end in a certificate that is not a root: an intermediate, or the very one that is served.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def trust_options(file_option: str, directory_option: str, ca_file: str | None, trusted: Sequence[str]) -> list[str]:
    """Return the same trust as words of a bash command, for a program that takes one file and one directory."""
    files = [*([ca_file] if ca_file else []), *trusted]
    if not files:
        return []
    joined = shlex.join(files)
    system = [] if ca_file else [directory_option, SYSTEM_AUTHORITIES]
    return [*system, file_option, joined if len(files) == 1 else f"<(cat {joined})"]
