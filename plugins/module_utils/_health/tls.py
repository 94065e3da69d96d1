# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the certificate that is served is the right one, lasts, and comes over no TLS that is broken."""

from __future__ import annotations

import math
import re
import shlex
import socket
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .._certificates.certificate import Certificate, CertificateError, parse_der, read_chain
from .._certificates.trust import trust_options
from .gate import OK, ProbeResult, failed, waiting
from .unreachable import endpoint, unreachable

SERVER_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
OLD_TLS = {"TLS 1.1": ssl.TLSVersion.TLSv1_1, "TLS 1.0": ssl.TLSVersion.TLSv1}


@dataclass(frozen=True)
class TlsCheck:
    """A server name, and how its certificate must be."""

    host: str
    port: int = 443
    connect: str = "127.0.0.1"
    certificate: str | None = None
    warn_days: int = 21
    fail_days: int = 7

    def __post_init__(self) -> None:
        # As with a URL: what can never work is refused before it is asked again and again.
        if not SERVER_NAME.fullmatch(self.host):
            raise ValueError(f"tls: expected host to be a server name like www.example.org, got {self.host!r}")
        if not 0 < self.port < 65536:
            raise ValueError(f"tls: expected a port from 1 to 65535 for {self.host}, got {self.port}")

    @property
    def where(self) -> str:
        return f"{self.connect} port {self.port}"


def old_tls() -> dict[str, ssl.SSLContext]:
    """Return settings that offer one old TLS each, without those that this Python cannot offer.

    Each on its own: OpenSSL takes an answer in 1.0 to an offer of 1.1 for an attack, and would not say that 1.0 is accepted.
    It hides a warning, and hiding is not safe with threads: call it before the probes run.
    """
    found = {}
    for name, version in OLD_TLS.items():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            # From level 1 on OpenSSL 3 itself refuses what old TLS signs with, and a server would look better than it is.
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
        except (ValueError, ssl.SSLError):
            continue
        found[name] = context
    return found


def days_shown(days: float) -> float:
    """Cut to one decimal: 6.96 days shown as 7.0 would not look like fewer than 7."""
    return math.floor(days * 10) / 10


def moment(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


class TlsProbe:
    """Makes one handshake per attempt, and some with old TLS when everything else holds."""

    kind = "tls"

    def __init__(self, check: TlsCheck, context: ssl.SSLContext, timeout: float, ca_file: str | None, trusted: Sequence[str] = ()) -> None:
        self.name = endpoint(check.host, check.port)
        self._check = check
        self._context = context
        self._timeout = timeout
        self._ca_file = ca_file
        self._trusted = trusted
        self._old = old_tls()
        self._served: Certificate | None = None
        self._protocol = ""

    @property
    def expectation(self) -> str:
        check = self._check
        same = [f"the certificate in {check.certificate}"] if check.certificate else []
        parts = ["trusted chain", *same, f"at least {check.fail_days} days left", "no TLS 1.0 or 1.1"]
        return f"TLS for {check.host} at {check.where}: {', '.join(parts)}"

    def check(self) -> ProbeResult:
        try:
            der, self._protocol = self._handshake(self._context)
            self._served = parse_der(der)
            wrong = self._differs(self._served) or self._ends_soon(self._served)
            return wrong or self._accepts_old() or OK
        except CertificateError as error:
            return failed(f"serves no certificate that can be read: {error}")
        except OSError as error:
            return unreachable(error, self._check.host, self._check.where, self._timeout, self._ca_file)

    def next_step(self) -> str:
        check = self._check
        command = ["openssl", "s_client", "-connect", endpoint(check.connect, check.port), "-servername", check.host]
        verify = ["-verify_return_error", "-verify_hostname", check.host, *(["-partial_chain"] if self._trusted else [])]
        authorities = trust_options("-CAfile", "-CApath", self._ca_file, self._trusted)
        return " ".join([shlex.join([*command, *verify]), *authorities, "< /dev/null"])

    def report(self) -> dict[str, Any] | None:
        """Return what the module returns about the certificate seen last, nothing before the first handshake."""
        served = self._served
        if served is None:
            return None
        return {
            "host": self._check.host,
            "port": self._check.port,
            "serial": served.serial_hex,
            "issuer": served.issuer,
            "names": served.subject_names,
            "not_after": moment(served.not_after),
            "days_left": days_shown(served.days_left(datetime.now(timezone.utc))),
            "protocol": self._protocol,
        }

    def expiring(self) -> str:
        """Return the warning about the certificate seen last, an empty text where it lasts."""
        return self._too_few(self._served, self._check.warn_days) if self._served else ""

    def _handshake(self, context: ssl.SSLContext) -> tuple[bytes, str]:
        check = self._check
        with (
            socket.create_connection((check.connect, check.port), self._timeout) as plain,
            context.wrap_socket(plain, server_hostname=check.host) as tls,
        ):
            return tls.getpeercert(binary_form=True) or b"", tls.version() or ""

    def _differs(self, served: Certificate) -> ProbeResult | None:
        if not self._check.certificate:
            return None
        try:
            disk = read_chain(self._check.certificate)[0]
        except CertificateError as error:
            return failed(f"{error}: put the certificate of {self._check.host} there, or correct the option certificate")
        if disk.der == served.der:
            return None
        # A reload may be under way.
        other = " in another certificate" if disk.serial == served.serial else ""
        return waiting(
            f"serves serial {served.serial_hex}, on disk in {self._check.certificate} is serial {disk.serial_hex}{other}: "
            "nginx has not read it"
        )

    def _ends_soon(self, served: Certificate) -> ProbeResult | None:
        wrong = self._too_few(served, self._check.fail_days)
        return failed(wrong) if wrong else None  # time does not give a certificate more days

    def _too_few(self, served: Certificate, days: int) -> str:
        left = served.days_left(datetime.now(timezone.utc))
        if left >= days:
            return ""
        return (
            f"the certificate shown for {self._check.host} (serial {served.serial_hex} of {served.issuer}) has {days_shown(left):g} "
            f"days left, until {moment(served.not_after)}, and should have {days}: renew it and have nginx read it"
        )

    def _accepts_old(self) -> ProbeResult | None:
        """Say that the server accepts old TLS; that it refuses is found out once."""
        for name, context in list(self._old.items()):
            try:
                self._handshake(context)
            except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
                # The server refused with an alert or by hanging up, or OpenSSL here cannot offer it, which stays untested.
                del self._old[name]
            else:
                return failed(f"accepts {name}: expected TLS 1.2 at least (ssl_protocols of nginx)")
        return None
