# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deploy does for its certificates: what the release needs before it is live, and everything else after."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.state import StateError
from .._certificates import trial
from .._certificates.certificate import CertificateError
from .._certificates.live import Installed, is_placeholder, placeholder
from .._engine.client import DockerUnavailable
from .._engine.proxy import ProxyError
from . import archive as certbot_retired
from . import checks, inherit, plan
from .checks import CheckError, NoProxy
from .client import Lineage
from .install import InstallError, install, is_needed
from .orders import OrderError, Orders, reason
from .settings import Settings, Wanted

# What can go wrong with one certificate, and must not keep another from being renewed.
CERTIFICATE_ERRORS = (CheckError, OrderError, InstallError, ProxyError, CertificateError, DockerUnavailable, OSError, ValueError)


@dataclass
class CertificateChanges:
    """What was done, by the names of the certificates."""

    # Why each certificate was or would be ordered.
    orders: dict[str, str] = field(default_factory=dict)
    installed: list[str] = field(default_factory=list)
    placeholders: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    # What the server's own certbot had, and ours renews from here on.
    inherited: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    # Certificates whose order needs the proxy, which does not run yet.
    deferred: list[str] = field(default_factory=list)
    # Certificates with which nginx cannot serve what it has to, as they are now: missing, expired, without a name, or a placeholder.
    unusable: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any((self.orders, self.installed, self.placeholders, self.restored, self.inherited, self.archived))

    def only(self, names: Container[str]) -> CertificateChanges:
        """Return what concerns these certificates."""
        return CertificateChanges(
            orders={name: why for name, why in self.orders.items() if name in names},
            installed=[name for name in self.installed if name in names],
            restored=[name for name in self.restored if name in names],
            inherited=[name for name in self.inherited if name in names],
            archived=[name for name in self.archived if name in names],
        )


class NotServable(PlatformError):
    """nginx could not serve the new release's names."""


def preview(
    orders: Orders, settings: Settings, wanted: Sequence[Wanted], forced: Container[str], run_command: RunCommand
) -> CertificateChanges:
    """Return what ensure would do; a CheckError or OrderError is what it would surely fail with."""
    done, sites = CertificateChanges(), _sites(settings)
    for one in wanted:
        lineage = orders.certbot.lineage(one.name)
        if lineage is None and certbot_retired.newest(settings, one.name):
            done.restored.append(one.name)
            lineage = certbot_retired.lineage(settings, one.name)
        elif lineage is None and (lineage := inherit.find(settings, one)):
            done.inherited.append(one.name)
        why = reason(one, lineage, settings, one.name in forced)
        if why:
            done.orders[one.name] = why
        if why and not (lineage and (one.name in forced or why == plan.OVERDUE)):
            checks.resolution(settings, one, run_command)
        if lineage and is_needed(settings, one.name, lineage.pair, sites.get(one.name, [])):
            done.installed.append(one.name)
    done.archived = sorted(set(orders.certbot.names()) - {one.name for one in wanted})
    return done


def _sites(settings: Settings) -> dict[str, list[str]]:
    """Return the host names that the live release serves; none where it cannot be read, since the deploy then writes it anew."""
    try:
        return settings.sites()
    except StateError:
        return {}


def serves(settings: Settings, wanted: Wanted) -> bool:
    """Say whether what nginx reads is good enough for the release, whoever issued it."""
    leaf = trial.usable(Installed(wanted.name, settings.live).pair())
    return (
        leaf is not None
        and not is_placeholder(leaf)
        and leaf.not_after > datetime.now(timezone.utc)
        and all(leaf.covers(host) for host in wanted.hosts)
    )


def prepare(orders: Orders, settings: Settings, wanted: Sequence[Wanted]) -> CertificateChanges:
    """Prepare what the release needs and is not there. The rest waits until it serves: should it not, nothing was exchanged for it."""
    needed = [one for one in wanted if not serves(settings, one)]
    done = ensure(orders, settings, needed, preparing=True)
    stand_in(settings, needed, done)
    return done


def ensure(
    orders: Orders, settings: Settings, wanted: Sequence[Wanted], forced: Container[str] = (), preparing: bool = False
) -> CertificateChanges:
    """Obtain every certificate that can be obtained now, each by at most one order."""
    done = CertificateChanges()
    for one in wanted:
        try:
            lineage = _lineage(orders, settings, one, done)
            if why := reason(one, lineage, settings, one.name in forced):
                lineage = orders.order(one, why)
                done.orders[one.name] = why
            if lineage and install(settings, one.name, lineage.pair, _sites(settings).get(one.name, []), preparing):
                done.installed.append(one.name)
        except CERTIFICATE_ERRORS as error:
            done.failed[one.name] = str(error)
            if isinstance(error, NoProxy):
                done.deferred.append(one.name)
    return done


def stand_in(settings: Settings, wanted: Sequence[Wanted], done: CertificateChanges) -> None:
    """Let nginx start with what there is: where there is nothing of use, a placeholder."""
    for one in wanted:
        installed = Installed(one.name, settings.live)
        leaf = trial.usable(installed.pair())
        missing = [host for host in one.hosts if leaf and not leaf.covers(host)]
        expired = leaf is not None and leaf.not_after <= datetime.now(timezone.utc)
        if leaf is None or expired or (missing and is_placeholder(leaf)):
            installed.put(placeholder(one.hosts))
            done.placeholders.append(one.name)
        elif missing:
            raise NotServable(
                f"Certificate {one.name} on {settings.host}: expected it to cover {', '.join(missing)}, got "
                f"{', '.join(leaf.subject_names)}, and another one could not be had: {done.failed.get(one.name) or 'no proxy runs'}\n"
                "What is served has not been changed. Remove the cause, or deploy without these names first."
            )


def archive_rest(orders: Orders, settings: Settings, wanted: Sequence[Wanted], done: CertificateChanges) -> None:
    """Archive what no site of the live release needs any more."""
    for name in sorted(set(orders.certbot.names()) - {one.name for one in wanted}):
        certbot_retired.put(settings, name, served=True)
        done.archived.append(name)


def _lineage(orders: Orders, settings: Settings, wanted: Wanted, done: CertificateChanges) -> Lineage | None:
    lineage = orders.certbot.lineage(wanted.name)
    if lineage is None and certbot_retired.restore(settings, wanted.name):
        done.restored.append(wanted.name)
        lineage = orders.certbot.lineage(wanted.name)
    elif lineage is None and (lineage := inherit.find(settings, wanted)):
        inherit.take(settings, lineage)
        done.inherited.append(wanted.name)
    return lineage
