# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a backup is worth: whether what was sealed is what a run had proven to serve.

That the containers were healthy when it was sealed proves nothing of its files: who edits a file by hand breaks what runs only later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.files import read_if_exists
from .._release import description
from .._release.live import Live
from .._tree.plan import Owned
from .kept import kept_owned
from .listing import Found
from .manifest import FILES, BackupError, Manifest, store

# The result of a run after which its release is proven to serve.
PROVEN = ("deployed", "rolled back", "restored", "unchanged", "done")
# The actions that bring another release.
RELEASING = ("deploy", "rotate secrets")
GOOD, BY_HAND, DRIFTED, NOT_PROVEN, UNSEALED, DAMAGED = "good", "by hand", "drifted", "not proven", "unsealed", "damaged"

# What a rollback may choose by itself.
CHOSEN = (GOOD, BY_HAND)


@dataclass(frozen=True)
class Verdict:
    """In one word, and for one that drifted what is not as it was proven, where that can be known.

    What is damaged is the backup itself or, of one that drifted, what its release says of itself.
    """

    word: str
    drift: tuple[str, ...] = ()
    damage: str = ""

    @property
    def usable(self) -> bool:
        """Say whether a rollback may choose it by itself."""
        return self.word in CHOSEN

    def __str__(self) -> str:
        return self.word + (f": {', '.join(self.drift) or self.damage}" if self.drift or self.damage else "")

    @property
    def causes(self) -> str:
        """Say how one that drifted came to be so; a file that cannot be read is not one that somebody has changed on purpose."""
        by_hand = [path for path in self.drift if path != description.FILE or not self.damage]
        changed = f"{', '.join(by_hand)} had been changed by hand" if by_hand else ""
        return "; ".join(filter(None, (self.damage, changed)))


def proven_releases(ledger: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the releases that a run has proven to serve."""
    return {entry["release"] for entry in ledger if entry["result"] in PROVEN and entry["release"]}


def verdict(backup: Found, ledger: list[dict[str, Any]]) -> Verdict:
    """Return what a backup is worth."""
    manifest = backup.manifest
    if manifest is None:
        return Verdict(DAMAGED, damage=backup.damage) if backup.damage else Verdict(UNSEALED)
    # Without its description a release serves, but renewals and rollbacks fail later.
    damage = description.damage_of(read_if_exists(os.path.join(backup.directory, FILES, description.FILE)))
    proven = manifest.release in proven_releases(ledger)
    if proven and not damage:
        return Verdict(GOOD)
    edited = [description.FILE] if proven else edited_files(manifest, sealed_list(backup))
    if edited:
        return Verdict(DRIFTED, tuple(edited), damage)
    if manifest.by_hand:
        # Nobody has ever proven one that was made by hand; that all of it ran is as much as there is to know.
        return Verdict(BY_HAND if manifest.all_running else NOT_PROVEN)
    # A ledger without an entry was lost, or has yet to begin.
    return Verdict(GOOD if manifest.all_serving and not ledger else NOT_PROVEN)


def sealed_list(backup: Found) -> dict[str, Owned]:
    """Return the list of what a deploy had written, as it was sealed; nothing where that makes no sense."""
    try:
        return kept_owned(backup.directory)
    except BackupError:
        return {}


def edited_files(manifest: Manifest, owned: Mapping[str, Owned]) -> list[str]:
    """Return the files that are not as a deploy had written them."""
    sealed = {path: (entry.get("sha256"), entry["mode"]) for path, entry in manifest.files.items()}
    return sorted(path for path, one in owned.items() if sealed.get(path) != (one.sha256, one.mode))


def usable(backups: Iterable[Found], ledger: list[dict[str, Any]], live: str) -> list[Found]:
    """Return the backups that a rollback from a release would choose from by itself, oldest first."""
    return [one for one in backups if one.manifest is not None and one.manifest.release != live and verdict(one, ledger).usable]


def previous(backups: list[Found], ledger: list[dict[str, Any]], live: Live) -> Found:
    """Return the backup of the release before the live one.

    The ledger tells which deploy brought the live release, and so which backup that deploy sealed: going back twice goes back
    two releases, and does not alternate between two. Where what was sealed then had never been proven, it is the newest one before it
    that was. Where the ledger does not know the live release, it is the newest good backup that differs from it.
    """
    good = {one.id: one for one in usable(backups, ledger, live.digest)}
    sealed = sealed_before(ledger, live.digest)
    if sealed == "":
        raise BackupError(
            "The live release is the first one the ledger knows, so there is nothing before it. Nothing has been changed. "
            "`ansible-playbook backups.yml` lists what there is; choose with -e rollback_to=<id>."
        )
    before = [identifier for identifier in good if sealed is None or identifier <= sealed]
    if not before:
        raise BackupError(
            f"{store(live.root)}: expected a good backup that differs from what is live, got none. Nothing has been changed. "
            "`ansible-playbook backups.yml` lists what there is; choose with -e rollback_to=<id>."
        )
    return good[max(before)]


def sealed_before(ledger: Iterable[Mapping[str, Any]], release: str) -> str | None:
    """Return the backup that was sealed by the run which brought a release; None where no run is known to have."""
    found = None
    for entry in ledger:
        if entry["action"] in RELEASING and entry["result"] in ("deployed", "done") and entry["release"] == release:
            found = entry["backup"]
    return found


def passed_over(backups: Iterable[Found], ledger: list[dict[str, Any]], live: Live, chosen: Found) -> list[str]:
    """Return, newest first, what is newer than the backup that was chosen, and why it was not."""
    newer = [one for one in backups if one.id > chosen.id and one.kind == "sealed"]
    verdicts = {one.id: verdict(one, ledger) for one in newer if one.manifest is None or one.manifest.release != live.digest}
    return [f"{identifier} ({said})" for identifier, said in reversed(verdicts.items()) if not said.usable]
