# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of exchanged certificates when the release is the same as before, and does not serve."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.rarebooks.platform.plugins.module_utils import (
    _certificate_exchange,
    _health_run,
    _release_switch,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._health_run import Gate
from ansible_collections.rarebooks.platform.plugins.module_utils._proxy import ProxyError
from ansible_collections.rarebooks.platform.plugins.module_utils._release_switch import Server
from ansible_collections.rarebooks.platform.plugins.module_utils._release_target import Target

# Seconds until a certificate must be served after nginx has reloaded.
DEADLINE = 10


def put_back(server: Server, target: Target) -> str:
    """Put the certificates of before back unless the new ones are served and trusted; return what to tell of it.

    An app that is sick must not keep a certificate from being renewed.
    """
    if not _certificate_exchange.pending():
        return ""
    if not complaint(server, target):
        _certificate_exchange.settle()
        return ""
    names = ", ".join(_certificate_exchange.restore())
    if not names:
        return ""
    try:
        _release_switch.reload(server, target, force=False)
        wrong = complaint(replace(server, ca_file=None, certificates_on_disk=True), target)
    except ProxyError as error:
        wrong = str(error)
    if wrong:
        return f"\n\nThe certificates of before ({names}) were put back, but COULD NOT BE PROVEN: {wrong}"
    return f"\n\nThe certificates of before ({names}) are back and were proven."


def complaint(server: Server, target: Target) -> str:
    """Return why the certificates on disk are not served as they must be."""
    gate = Gate(
        tls=target.tls, ca_file=server.ca_file, trusted=target.chains if server.certificates_on_disk else (), deadline=DEADLINE
    )
    held, result = _health_run.hold(gate, server.secrets)
    return "" if held else str(result["msg"])
