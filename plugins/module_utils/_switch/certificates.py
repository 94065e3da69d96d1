# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of exchanged certificates when the release is the same as before, and does not serve."""

from __future__ import annotations

from dataclasses import replace

from .._certificates import exchange
from .._engine.proxy import ProxyError
from .._health import run
from .._health.run import Gate
from . import switch
from .server import Server
from .target import Target

# Seconds until a certificate must be served after nginx has reloaded.
DEADLINE = 10


def put_back(server: Server, target: Target) -> str:
    """Put the certificates of before back unless the new ones are served and trusted; return what to tell of it.

    An app that is sick must not keep a certificate from being renewed.
    """
    if not exchange.pending():
        return ""
    if not complaint(server, target):
        exchange.settle()
        return ""
    names = ", ".join(exchange.restore())
    if not names:
        return ""
    try:
        switch.reload(server, target, force=False)
        wrong = complaint(replace(server, ca_file=None, certificates_on_disk=True), target)
    except ProxyError as error:
        wrong = str(error)
    if wrong:
        return f"\n\nThe certificates of before ({names}) were put back, but COULD NOT BE PROVEN: {wrong}"
    return f"\n\nThe certificates of before ({names}) are back and were proven."


def complaint(server: Server, target: Target) -> str:
    """Return why the certificates on disk are not served as they must be."""
    gate = Gate(tls=target.tls, ca_file=server.ca_file, trusted=target.chains if server.certificates_on_disk else (), deadline=DEADLINE)
    held, result = run.wait_until_healthy(gate, server.secrets)
    return "" if held else str(result["msg"])
