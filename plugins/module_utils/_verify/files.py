# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the files on disk are those that a deploy wrote, each by its name."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.files import sha256
from .._base.sentence import say
from .._release import journal
from .._run import lease
from .._tree import plan
from .._tree.plan import Existing, Owned
from .finding import Finding, failed, passed
from .observed import Observed

PREVIEW = "ansible-playbook deploy.yml --check --diff"


def check(server: Observed) -> Iterator[Finding]:
    """Yield the files that are not as they were written."""
    root = server.settings.path
    if not at_work(root) and journal.unfinished(root) is not None:
        text = say("a switch was cut off, so that what is live may be neither release")
        yield failed("files", journal.FILE, text, say("Deploy again, or go back: {command}", command="ansible-playbook deploy.yml"))
    tree = plan.LiveTree(root)
    drifted = False
    for path, owned in sorted(tree.owned.items()):
        found = drift(path, owned, tree.read(path))
        if found:
            drifted = True
            yield found
    if tree.owned and not drifted:
        yield passed("files", root, say("{count} files as they were deployed", count=len(tree.owned)))
    if not tree.owned:
        text = say("expected the list of the files that a deploy wrote, got none")
        yield failed("files", plan.MANIFEST, text, say("See what a deploy changes: {command}", command=PREVIEW))


def at_work(root: str) -> bool:
    """Say whether a run is alive, which may be amid its switch: the check of the server tells of it."""
    try:
        lease.inspect(lease.Place(root))
    except lease.LeaseHeld:
        return True
    return False


def drift(path: str, owned: Owned, existing: Existing | None) -> Finding | None:
    """Say how a file differs from what was written."""
    step = say("See what a deploy changes: {command}", command=PREVIEW)
    if existing is None or existing.target is not None:
        return failed("files", path, say("expected the file that was deployed, got none"), step)
    if sha256(existing.data) != owned.sha256:
        return failed("files", path, say("expected the content that was deployed, got another one, edited by hand"), step)
    mode = f"{existing.mode:04o}"
    if mode != owned.mode:
        return failed("files", path, say("expected mode {wanted}, got {mode}", wanted=owned.mode, mode=mode), step)
    return None
