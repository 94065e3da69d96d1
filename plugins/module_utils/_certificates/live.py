# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificate files nginx reads, ``/etc/letsencrypt/live/<name>/{fullchain,privkey}.pem``, changed in one rename.

Both are links through one link, ``current``, into a directory below ``/etc/letsencrypt/versions/<name>``. A chain without its
key would keep nginx from starting: so whatever dies at whatever moment, the two that are found belong together.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from glob import escape as glob_escape
from glob import glob

from .._base.files import read_if_exists, sha256, sync_directory, write_durably
from .._base.libraries import CRYPTOGRAPHY
from .certificate import Certificate, CertificateError, parse_pem, read_chain

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID
except ImportError:  # See _base.libraries.
    pass

LIVE = "/etc/letsencrypt/live"
CHAIN, KEY = "fullchain.pem", "privkey.pem"
CURRENT, VERSIONS = "current", "versions"
# Among the versions: a link to the one that was proven last, as long as the current one has not been proven itself.
BEFORE = "before"
PUBLIC_DIRECTORY, PUBLIC_FILE, PRIVATE_FILE = 0o755, 0o644, 0o600
PLACEHOLDER = "Placeholder until there is a certificate"
# Long enough to mend what keeps the real one from coming, short enough for nobody to get used to it.
PLACEHOLDER_DAYS = 7
# certbot's directory of what the distribution's own timer renews.
FOREIGN_RENEWAL = "renewal"


@dataclass(frozen=True)
class Pair:
    """A chain, leaf first, and the key of its leaf, both PEM."""

    chain: bytes
    key: bytes

    @property
    def leaf(self) -> Certificate:
        return parse_pem(self.chain)[0]

    @property
    def version(self) -> str:
        """Return the name of its directory."""
        return sha256(self.chain + b"\0" + self.key)[:16]


class Installed:
    """One certificate's directory below live."""

    def __init__(self, name: str, live: str = LIVE) -> None:
        self.name = name
        self.directory = os.path.join(live, name)
        self.chain_file = os.path.join(self.directory, CHAIN)
        # Beside live, not in it: what nginx has read is known by all that is in live.
        self.versions = os.path.join(os.path.dirname(live), VERSIONS, name)
        self._live = live

    def pair(self) -> Pair | None:
        """Return what nginx would read, None unless both files are there."""
        chain, key = (read_if_exists(os.path.join(self.directory, file)) for file in (CHAIN, KEY))
        return None if chain is None or key is None else Pair(chain, key)

    def put(self, pair: Pair) -> Pair | None:
        """Put a pair in place of what is there, and return that."""
        before = self.pair()
        if before == pair and self._in_form():
            return before
        self._make(self.directory)
        if before and not self._in_form():
            # First the same in our form: then each link made shows what the file before it showed.
            self._point(before)
        self._point(pair)
        self._stop_foreign_renewal()
        return before

    def exchange(self, pair: Pair) -> Pair | None:
        """Put a pair in place of what is there, and return that. Until settle it can be put back, whatever dies in between."""
        before = self.pair()
        if before and before != pair:
            self._store(before)
            if not os.path.lexists(self._note):
                _link(self._note, before.version)
        self.put(pair)
        if self.before() == pair:
            self.settle()
        self.forget(before)
        return before

    def before(self) -> Pair | None:
        """Return the pair that was proven last, None where the current one was."""
        chain, key = (read_if_exists(os.path.join(self._note, file)) for file in (CHAIN, KEY))
        return None if chain is None or key is None else Pair(chain, key)

    def settle(self) -> None:
        """Note that the current pair has been proven."""
        if os.path.lexists(self._note):
            os.unlink(self._note)
            sync_directory(self.versions)

    def forget(self, *kept: Pair | None) -> None:
        """Remove the versions that are neither current nor kept: old keys serve nobody any more."""
        names = {pair.version for pair in (*kept, self.pair(), self.before()) if pair} | {BEFORE}
        for name in os.listdir(self.versions) if os.path.isdir(self.versions) else ():
            if name not in names:
                shutil.rmtree(os.path.join(self.versions, name))

    @property
    def _note(self) -> str:
        return os.path.join(self.versions, BEFORE)

    def _in_form(self) -> bool:
        return all(
            os.path.islink(os.path.join(self.directory, file))
            and os.readlink(os.path.join(self.directory, file)) == os.path.join(CURRENT, file)
            for file in (KEY, CHAIN)
        )

    def _point(self, pair: Pair) -> None:
        """Have ``current`` lead to a pair, and both names through it. Names that do already change with it, in one step."""
        directory = self._store(pair)
        # Relative, since the container sees it elsewhere.
        _link(os.path.join(self.directory, CURRENT), os.path.relpath(directory, self.directory))
        for file in (KEY, CHAIN):
            _link(os.path.join(self.directory, file), os.path.join(CURRENT, file))

    def _store(self, pair: Pair) -> str:
        """Write the version of a pair, and return its directory."""
        directory = os.path.join(self.versions, pair.version)
        self._make(directory)
        write_durably(os.path.join(directory, KEY), pair.key, PRIVATE_FILE)
        write_durably(os.path.join(directory, CHAIN), pair.chain, PUBLIC_FILE)
        return directory

    def _make(self, directory: str) -> None:
        if os.path.isdir(directory):
            return
        self._make(os.path.dirname(directory))
        os.mkdir(directory)
        os.chmod(directory, PUBLIC_DIRECTORY)
        sync_directory(os.path.dirname(directory))

    def _stop_foreign_renewal(self) -> None:
        """Keep the distribution's certbot, which a server set up by hand has, from renewing into the same place."""
        settings = os.path.join(os.path.dirname(self._live), FOREIGN_RENEWAL, f"{self.name}.conf")
        if os.path.exists(settings):
            os.rename(settings, f"{settings}.replaced-by-rarebooks.platform")


def chain_files(live: str = LIVE) -> list[str]:
    """Return the chains of all certificates there are."""
    return sorted(glob(os.path.join(glob_escape(live), "*", CHAIN)))


def stated(live: str = LIVE) -> dict[str, dict[str, object]]:
    """Return what a backup records of each certificate; of those that cannot be read, their names."""
    found: dict[str, dict[str, object]] = {}
    for path in chain_files(live):
        name = os.path.basename(os.path.dirname(path))
        found[name] = {}
        if CRYPTOGRAPHY.is_missing:  # As on a server set up by hand, which is sealed before anything is installed.
            continue
        try:
            leaf = read_chain(path)[0]
        except CertificateError:
            continue
        end = leaf.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
        found[name] = {"serial": leaf.serial_hex, "issuer": leaf.issuer, "names": leaf.subject_names, "not_after": end}
    return found


def _link(path: str, target: str) -> None:
    """Make or replace a link, durably and in one step."""
    if os.path.islink(path) and os.readlink(path) == target:
        return
    temporary = f"{path}.new"
    if os.path.lexists(temporary):
        os.unlink(temporary)
    os.symlink(target, temporary)
    os.rename(temporary, path)
    sync_directory(os.path.dirname(path))


def placeholder(names: list[str], now: datetime | None = None) -> Pair:
    """Return a self-signed certificate for these names, with which nginx starts and answers challenges."""
    moment = now or datetime.now(timezone.utc)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, PLACEHOLDER)])
    builder = x509.CertificateBuilder(
        subject,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        moment - timedelta(minutes=5),
        moment + timedelta(days=PLACEHOLDER_DAYS),
    )
    subject_names = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    certificate = builder.add_extension(subject_names, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(certificate.public_bytes(Encoding.PEM), private)


def is_placeholder(certificate: Certificate) -> bool:
    """Say whether a certificate is one of ours that only holds the place."""
    return certificate.self_issued and certificate.issuer == PLACEHOLDER
