# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing what certbot has ordered to where nginx reads it. Only what nginx takes and then serves stays there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from .._base import libraries
from .._base.errors import PlatformError
from .._certificates import trial
from .._certificates.certificate import Certificate
from .._certificates.live import Installed, Pair, is_placeholder
from .._engine.client import DockerUnavailable
from .._engine.proxy import Proxy, ProxyError
from .._health import run
from .._health.reader import DockerReader
from .._health.tls import TlsCheck
from .plan import threshold
from .settings import Settings

# Seconds until the new certificate must be served after nginx has reloaded.
DEADLINE = 10


class InstallError(PlatformError):
    """The new certificate is not served; what was served before still is."""


def runs(settings: Settings) -> bool:
    """Say whether there is a proxy that has to be reloaded."""
    if libraries.DOCKER.is_missing or libraries.REQUESTS.is_missing:
        return False  # Only check mode comes here without them.
    try:
        found = DockerReader(DEADLINE).inspect(settings.proxy)
    except DockerUnavailable:
        return False
    return found is not None and bool(found["State"]["Running"])


def install(settings: Settings, name: str, pair: Pair, hosts: Sequence[str], preparing: bool = False) -> bool:
    """Have a certificate served for its hosts, and return whether that took a change. A proxy that does not run reads it later.

    Hosts are those of the live release. Only what prepares another release may take one of them away, until that one is proven.
    """
    installed = Installed(name, settings.live)
    lost = _lost(installed.pair(), pair, hosts)
    if lost and not preparing:
        raise InstallError(
            f"Certificate {name} on {settings.host}: expected one that covers {', '.join(lost)} too, which the live release serves, got "
            f"one for {', '.join(pair.leaf.subject_names)}, ordered for a release that is not live. The one before it stays. Deploy again."
        )
    if not is_needed(settings, name, pair, hosts):
        return False
    hosts = _covered(pair, hosts)
    if not runs(settings):
        installed.put(pair)
        return True
    if trial.usable(installed.pair()):
        # nginx as it is must be well, else nobody could tell whose fault a refusal is. It cannot be with a pair that it could not load.
        _proxy(settings).test()
    before = (installed.exchange if lost else installed.put)(pair)
    try:
        _proxy(settings).reload()
        if complaint := _complaint(settings, installed, hosts, DEADLINE):
            raise InstallError(f"Certificate {name} on {settings.host} is on disk, but not served as it must be.\n{complaint}")
    except (ProxyError, InstallError) as error:
        leaf = trial.usable(before)
        if before is None or leaf is None or before == pair or not _is_good(leaf):
            raise
        installed.put(before)
        _proxy(settings).reload()
        until = f"{leaf.not_after:%Y-%m-%d %H:%M} UTC"
        raise InstallError(f"{error}\nThe certificate before it is served again. It is valid until {until}.") from error
    if not lost:
        installed.settle()
    installed.forget(before)
    return True


def is_needed(settings: Settings, name: str, pair: Pair, hosts: Sequence[str]) -> bool:
    """Say whether a certificate is not the one that nginx reads, or not the one that it has read; nothing is changed."""
    installed = Installed(name, settings.live)
    if installed.pair() != pair:
        return True
    return runs(settings) and _complaint(settings, installed, _covered(pair, hosts), deadline=0) != ""


def _covered(pair: Pair, hosts: Sequence[str]) -> list[str]:
    return [host for host in hosts if pair.leaf.covers(host)]


def serve(settings: Settings, name: str, hosts: Sequence[str]) -> bool:
    """Have nginx read a pair that others put in place, and return whether that took a reload. The files are never changed.

    Also where it is broken: nobody but those who put it there could tell what belongs there instead. Then nginx goes on with what it has.
    """
    installed = Installed(name, settings.live)
    if _complaint(settings, installed, hosts, deadline=0) == "":
        return False
    pair = installed.pair()
    text = trial.complaint(pair, hosts, settings.ca_file or None) if pair else "expected a chain and its key, got no such files."
    if text:
        raise InstallError(
            f"Certificate {name} on {settings.host}: {text} It lies in {installed.directory}, and nginx has not been reloaded. Correct "
            "what those have put there who renew it."
        )
    _proxy(settings).reload()
    if complaint := _complaint(settings, installed, hosts, DEADLINE):
        raise InstallError(f"Certificate {name} on {settings.host} is on disk, but not served as it must be.\n{complaint}")
    return True


def _lost(before: Pair | None, pair: Pair, hosts: Sequence[str]) -> list[str]:
    """Return the hosts that are served well now and would not be with another certificate."""
    leaf = trial.usable(before) if before != pair else None
    return [host for host in hosts if leaf and _is_good(leaf) and leaf.covers(host) and not pair.leaf.covers(host)]


def ending(settings: Settings, names: Sequence[str]) -> list[str]:
    """Return warnings of certificates that end soon, though they are renewed."""
    now, texts = datetime.now(timezone.utc), []
    for name in names:
        leaf = trial.usable(Installed(name, settings.live).pair())
        if leaf and leaf.days_left(now) < threshold(leaf, settings.warn_days):
            texts.append(
                f"Certificate {name} on {settings.host} has {leaf.days_left(now):.1f} days left, and should have been renewed by now. "
                "ansible-playbook certificates.yml shows why it was not."
            )
    return texts


def _complaint(settings: Settings, installed: Installed, hosts: Sequence[str], deadline: float) -> str:
    """Return why the certificate on disk is not served to those who ask for these hosts."""
    if not hosts:
        return ""
    # Days left are no matter of installing. Of what nobody trusts, it can only be asked that it is served.
    gate = run.Gate(
        tls=[TlsCheck(host, settings.https_port, certificate=installed.chain_file, warn_days=0, fail_days=0) for host in hosts],
        ca_file=settings.ca_file or None,
        trusted=[installed.chain_file] if settings.untrusted else (),
        # A deadline of 0 would be derived from containers.
        deadline=deadline or 0.001,
    )
    held, result = run.wait_until_healthy(gate, {})
    return "" if held else str(result["msg"])


def _proxy(settings: Settings) -> Proxy:
    return Proxy(settings.proxy, settings.proxy_paths, settings.proxy_record)


def _is_good(certificate: Certificate) -> bool:
    """Say whether visitors are better off with this one than with one that could not be proven."""
    return not is_placeholder(certificate) and certificate.not_after > datetime.now(timezone.utc)
