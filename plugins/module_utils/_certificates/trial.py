# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a pair can be served, found out before it is: a handshake in memory between what nginx does and what the gate does.

Both halves are OpenSSL's, as in nginx and in the probes. It needs no library that a bare server may lack.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .._base.errors import PlatformError
from .._base.libraries import CRYPTOGRAPHY
from .certificate import PEM, Certificate, CertificateError, parse_pem
from .live import Pair
from .trust import UNKNOWN_ISSUER, trust

# X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE of OpenSSL: the only certificate in the chain is not its own issuer.
NO_ISSUER = (*UNKNOWN_ISSUER, 21)
# More than the messages of a handshake, which are four at most in each direction.
ROUNDS = 10


class EncryptedKey(PlatformError):
    """Nobody could type its password when nginx starts."""


def can_validate() -> bool:
    """Say whether the server has a trust store: a bare one gets it with what is installed later."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and os.path.isdir(paths.capath) and os.listdir(paths.capath)))


def complaint(pair: Pair, hosts: Sequence[str], ca_file: str | None = None) -> str:
    """Return why nginx could not serve this pair for these hosts, or why clients would refuse it; nothing if all is well."""
    try:
        server = _server(pair)
    except EncryptedKey:
        return "expected a key without a password, since nobody could type it when nginx starts, got an encrypted one."
    except (OSError, ValueError) as error:
        return f"expected a chain and its key as nginx reads them, got: {getattr(error, 'reason', None) or error}."
    for host in hosts:
        client = trust(ca_file)
        known = client.get_ca_certs(binary_form=True)
        try:
            _shake_hands(server, client, host)
        except ssl.SSLCertVerificationError as error:
            return f"expected a chain that clients of {host} trust, got: {error.verify_message}.{_advice(pair, error.verify_code)}"
        except ssl.SSLError as error:
            return f"expected a handshake for {host} to succeed, got: {error.reason or error}."
        if missing := _borrowed(client, [*known, *_ders(pair)]):
            return (
                f"expected every intermediate certificate in the chain file, got one without {missing}, which only this server's own "
                "trust store has, not its visitors'. Append that certificate to the file."
            )
    return ""


def usable(pair: Pair | None) -> Certificate | None:
    """Return the leaf of a pair that nginx can load, None where it cannot: nothing there, what is no certificate, another one's key."""
    try:
        return pair.leaf if pair and not complaint(pair, ()) else None
    except CertificateError:
        return None


def _server(pair: Pair) -> ssl.SSLContext:
    """Load a pair as nginx does; that key and chain belong together is seen here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _in_memory(pair.chain) as chain, _in_memory(pair.key) as key:
        context.load_cert_chain(chain, key, password=_no_password)
    return context


def _no_password() -> str:
    raise EncryptedKey


@contextmanager
def _in_memory(data: bytes) -> Iterator[str]:
    """Give data a path without writing it to a disk."""
    descriptor = os.memfd_create("certificate")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as stream:
            stream.write(data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    """Exchange messages until both sides are content, or one is not."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=host)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _round in range(ROUNDS):
        if all([_go_on(asking), _go_on(answering)]):
            return
    raise ssl.SSLError("the handshake does not end")


def _go_on(side: ssl.SSLObject) -> bool:
    """Say whether a side is done, after it has read what is there for it."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _advice(pair: Pair, code: int) -> str:
    if code not in NO_ISSUER:
        return ""
    return (
        f" The last certificate in the chain file {_issued_by(pair)}. Where that is an intermediate, append its certificate to the file "
        "(your authority offers it as chain or bundle). Where it is an authority of your own, have the server trust its root: put it into "
        "/usr/local/share/ca-certificates/NAME.crt there and run update-ca-certificates."
    )


def _issued_by(pair: Pair) -> str:
    if CRYPTOGRAPHY.is_missing:
        return "has an issuer that is not known here"
    try:
        last = parse_pem(pair.chain)[-1]
    except CertificateError:
        return "cannot be read"
    return "is signed by itself" if last.self_issued else f"was issued by {last.issuer}, which is not known here"


def _borrowed(client: ssl.SSLContext, known: Sequence[bytes]) -> str:
    """Name a certificate between the site's and the root that was in the store's directory alone: what was read there stays loaded."""
    certificates: list[Any] = client.get_ca_certs()
    for certificate, der in zip(certificates, client.get_ca_certs(binary_form=True), strict=True):
        if der not in known and certificate["subject"] != certificate["issuer"]:
            names = [value for part in certificate["subject"] for _key, value in part]
            return str(names[-1]) if names else "its issuer"
    return ""


def _ders(pair: Pair) -> list[bytes]:
    return [ssl.PEM_cert_to_DER_cert(block) for block in PEM.findall(pair.chain.decode("latin-1"))]
