# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the indexes of a database are in the order that its image searches them by."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.sentence import say
from .._postgres import client as postgres_client
from .._postgres import collation
from .._release.description import App
from .finding import Finding, warning
from .observed import Observed


def check(server: Observed, app: App, database: postgres_client.Database) -> Iterator[Finding]:
    """Yield that they are not; nothing where they are."""
    found = collation.outdated(server.client, database)
    if found is None:
        return
    if not found.can_be_rebuilt:
        text = say(
            "sorts text by a library of another kind ({now}) than its indexes were built by ({built}), so that rows may not be found",
            now=found.now or "?",
            built=found.built or "?",
        )
        yield warning("databases", database.name, text, say("Use an image of the kind of before, of Debian or of Alpine."))
        return
    text = say(
        "sorts text by version {now} of a library, and its indexes were built by {built}, so that rows may not be found",
        now=found.now,
        built=found.built,
    )
    major = int(postgres_client.query(server.client, database, "SHOW server_version_num")[0][0]) // 10000
    command = f"ansible-playbook upgrade_database.yml -e app={app.name} -e to={major}"
    yield warning("databases", database.name, text, say("Build them anew: {command}", command=command))
