# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a connection to a site that failed means."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

from .._certificates.trust import UNKNOWN_ISSUER
from .gate import ProbeResult, failed, waiting

PRIVATE_CA = (
    " (checked against the server's own trust store: a private CA's root has to be in it, see update-ca-certificates(8), "
    "and the chain file has to hold every intermediate)"
)


def endpoint(address: str, port: int) -> str:
    """Return address and port in one word, as command lines take them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and all it wraps; requests and urllib3 use four ways of wrapping."""
    seen: list[BaseException] = []
    found: list[Any] = [error]
    while found:
        current = found.pop(0)
        if isinstance(current, BaseException) and current not in seen:
            seen.append(current)
            yield current
            found += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]


def unreachable(error: Exception, host: str, where: str, timeout: float, ca_file: str | None) -> ProbeResult:
    """Say what a failed connection means, in words that do not need the library's source to be understood."""
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):  # a certificate does not mend with time
            unknown = ca_file is None and cause.verify_code in UNKNOWN_ISSUER
            hint = PRIVATE_CA if unknown else ""
            return failed(f"the certificate shown for {host} is not trusted: {cause.verify_message}{hint}")
        if isinstance(cause, ConnectionRefusedError):
            return waiting(f"nothing listens on {where} (connection refused)")
    for cause in chain:
        if isinstance(cause, ssl.SSLError):
            return waiting(f"no TLS with {where} for {host}: {cause.reason or cause}")
        if isinstance(cause, TimeoutError) or "timed out" in str(cause):
            return waiting(f"no complete answer from {where} within {timeout:g} s")
    return waiting(f"no answer from {where}: {chain[-1]}")
