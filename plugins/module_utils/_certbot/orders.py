# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One certificate brought to what is wanted of it, by at most one order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from .._base.command import RunCommand
from .._base.errors import PlatformError
from . import checks, plan
from .checks import CheckError
from .client import BUSY, Certbot, Lineage, cause
from .records import Record, Records
from .settings import Settings, Wanted


class OrderError(PlatformError):
    """An order was placed and failed, or must not be placed yet."""


class Orders:
    """Places orders, and remembers them. What certbot does is one method each: order a certificate, renew a lineage."""

    def __init__(self, settings: Settings, run_command: RunCommand, certbot: Certbot | None = None) -> None:
        self.certbot = certbot or Certbot(settings)
        self.records = Records(settings)
        self._settings = settings
        self._run_command = run_command

    def order(self, wanted: Wanted, why: str) -> Lineage:
        """Place one order, unless something says that it would fail; return the new lineage."""
        record = self.records.read(wanted.name)
        self._refuse(wanted, record)
        try:
            checks.disk(self._settings)
            checks.resolution(self._settings, wanted, self._run_command)
            checks.challenge(self._settings, wanted)
            checks.directory(self._settings)
        except CheckError as error:
            self.records.write(wanted.name, record.looked("not ordered", self._now(), str(error)))
            raise
        return self._placed(wanted.name, wanted.names, record, self.certbot.order(wanted), f"ordered because {why}")

    def renew(self, lineage: Lineage, forced: bool = False) -> bool:
        """Renew a lineage if it is due, or in any case; return whether it was."""
        record = self.records.read(lineage.name)
        leaf = lineage.pair.leaf
        wanted = Wanted(lineage.name, leaf.subject_names, lineage.challenge, leaf.key_type)
        if forced:
            self.order(wanted, "it was asked for")
            return True
        if record.is_paused(self._now()):
            if plan.due(leaf) > self._now():
                return False
            self._refuse(wanted, record)
        try:
            checks.disk(self._settings)
            answer = self.certbot.renew(lineage)
            if answer[0] != 0:
                # certbot ends in the same way where the directory is away; only an order that was placed counts.
                checks.directory(self._settings)
        except CheckError as error:
            self.records.write(lineage.name, record.looked("not reached", self._now(), str(error)))
            raise
        after = self.certbot.lineage(lineage.name)
        if answer[0] == 0 and after and after.pair == lineage.pair:
            self.records.write(lineage.name, record.looked("not due", self._now()))
            return False
        self._placed(lineage.name, leaf.subject_names, record, answer, "due for renewal")
        return True

    def _placed(self, name: str, names: Sequence[str], record: Record, answer: tuple[int, str], why: str) -> Lineage:
        """Remember an order that has been placed, and how it ended; another certbot at work is told, and counts as none."""
        code, output = answer
        if code != 0 and BUSY in output:
            text = (
                f"Certificate {name} on {self._settings.host} ({why}): expected no other certbot to be at work, got: {BUSY}. No order has "
                "been placed. Deploy again when that one has ended."
            )
            self.records.write(name, record.looked("not ordered", self._now(), text))
            raise CheckError(text)
        lineage = self.certbot.lineage(name)
        if code != 0 or lineage is None:
            failed = record.failed(cause(output), self._now())
            self.records.write(name, failed)
            raise OrderError(
                f"Certificate {name} on {self._settings.host} ({why}): expected {self._settings.directory} to issue it, got "
                f"(certbot, exit code {code}; more in /var/log/letsencrypt/letsencrypt.log):\n{failed.error}\n"
                f"So as not to use up what the authority allows, no order is placed before {failed.not_before}. Remove the cause "
                "and deploy again after that."
            )
        self.records.write(name, record.issued(list(names), self._now()))
        return lineage

    def _refuse(self, wanted: Wanted, record: Record) -> None:
        """Refuse an order that comes too soon after a failed one, or that would be one too many."""
        where = f"Certificate {wanted.name} on {self._settings.host}"
        if record.is_paused(self._now()):
            raise OrderError(
                f"{where}: no order is placed before {record.not_before}, since the last one failed on {record.tried} "
                f"({record.failures} in a row), and the authority counts failures. It said:\n{record.error}\n"
                f"Remove the cause and deploy again after that time. {self.records.file(wanted.name)} on the server remembers it."
            )
        limited = "letsencrypt.org" in self._settings.directory and not self._settings.untrusted
        until = record.used_up(wanted.names, self._now()) if limited else ""
        if until:
            raise OrderError(
                f"{where}: no order is placed before {until}: Let's Encrypt issues 5 certificates for the same names in 7 days, and "
                f"{len(record.orders)} were issued already. What is there stays in use."
            )

    @staticmethod
    def _now() -> datetime:
        return datetime.now(timezone.utc)


def reason(wanted: Wanted, lineage: Lineage | None, settings: Settings, forced: bool) -> str:
    """Return why a certificate has to be ordered, nothing where it has not."""
    return "it was asked for" if forced and lineage else plan.reason(wanted, lineage, settings, datetime.now(timezone.utc))
