# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the server remembers of orders, so that a mistake does not use up what an authority allows.

Let's Encrypt allows 5 failed validations per host name and hour, and 5 certificates for the same set of names in 7 days
(letsencrypt.org/docs/rate-limits, read in 2026-11). The first pause after a failure is a quarter of an hour, so that there are
fewer than 5 tries in an hour, and each further one twice as long as the one before.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone

from .._base.files import read_if_exists, write_durably
from .._base.times import TIME
from .settings import Settings

FIRST_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=24)
# For the same names. One of the five is left for the day on which everything else has gone wrong.
ORDERS_PER_WEEK = 4
WEEK = timedelta(days=7)
# Let's Encrypt ends its refusals with "retry after 2026-11-24 08:30:00 UTC".
RETRY_AFTER = re.compile(r"retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


@dataclass(frozen=True)
class Record:
    """What is remembered of one certificate. Times are UTC, in the ledger's form; an empty one is none."""

    # When certificates were issued, and for which names.
    orders: list[tuple[str, str]] = field(default_factory=list)
    failures: int = 0
    not_before: str = ""
    # How the last attempt ended, and why it failed.
    tried: str = ""
    result: str = ""
    error: str = ""

    def issued(self, names: list[str], now: datetime) -> Record:
        """Return the record after a success."""
        recent = [order for order in self.orders if parse(order[0]) > now - WEEK]
        return Record(orders=[*recent, (text(now), key(names))], tried=text(now), result="issued")

    def failed(self, error: str, now: datetime) -> Record:
        """Return the record after an order that was placed and failed."""
        pause = min(FIRST_PAUSE * 2**self.failures, LONGEST_PAUSE)
        until = now + pause
        asked = RETRY_AFTER.search(error)
        if asked:
            until = max(until, parse(f"{asked[1]}T{asked[2]}Z"))
        return replace(self, failures=self.failures + 1, not_before=text(until), tried=text(now), result="failed", error=error)

    def looked(self, result: str, now: datetime, error: str = "") -> Record:
        """Return the record after an attempt that placed no order."""
        return replace(self, tried=text(now), result=result, error=error)

    def is_paused(self, now: datetime) -> bool:
        """Say whether no order may be placed yet."""
        return bool(self.not_before) and now < parse(self.not_before)

    def used_up(self, names: list[str], now: datetime) -> str:
        """Return when an order for these names may be placed again, nothing if it may be now."""
        recent = sorted(parse(when) for when, what in self.orders if what == key(names) and parse(when) > now - WEEK)
        return text(recent[-ORDERS_PER_WEEK] + WEEK) if len(recent) >= ORDERS_PER_WEEK else ""


class Records:
    """The records of a server for the directory it orders from, one file each."""

    def __init__(self, settings: Settings) -> None:
        # What is tried with a staging directory does not count at the real one.
        self.directory = os.path.join(settings.path, "orders", "staging" * settings.untrusted)

    def file(self, name: str) -> str:
        return os.path.join(self.directory, f"{name}.json")

    def read(self, name: str) -> Record:
        """Return a certificate's record; what cannot be read is as good as none."""
        try:
            data = json.loads(read_if_exists(self.file(name)) or b"{}")
            return Record(**{**data, "orders": [(str(when), str(what)) for when, what in data.get("orders", [])]})
        except (ValueError, TypeError, AttributeError):
            return Record()

    def write(self, name: str, record: Record) -> None:
        os.makedirs(self.directory, 0o700, exist_ok=True)
        write_durably(self.file(name), json.dumps(asdict(record), indent=1).encode() + b"\n", 0o600)


def key(names: list[str]) -> str:
    """Return what makes two sets of names the same to an authority."""
    return " ".join(sorted(name.lower() for name in names))


def text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime(TIME)


def parse(moment: str) -> datetime:
    return datetime.strptime(moment, TIME).replace(tzinfo=timezone.utc)
