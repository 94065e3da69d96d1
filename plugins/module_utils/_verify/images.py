# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether each container runs the image, and has the definition, that its Compose file says, and how old that image is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from .._base.sentence import say
from .._engine.compose import ComposeError
from .._engine.image_name import image_name
from .finding import Finding, failed, passed, warning
from .observed import Observed

PREVIEW = "ansible-playbook deploy.yml --check --diff"
PULL = "ansible-playbook deploy.yml -e stack_pull=true"
# Builds that are to be the same each time give their images a time that means nothing: 1970 or 1980.
MEANINGLESS = datetime(2000, 1, 1, tzinfo=timezone.utc)


def check(server: Observed) -> Iterator[Finding]:
    """Yield what of the containers is not as the Compose file says."""
    try:
        services = {one["container_name"]: str(one.get("image", "")) for one in server.compose.services()}
    except ComposeError as error:
        yield failed(
            "images", "docker compose", say("{error}", error=str(error)), say("See what a deploy changes: {command}", command=PREVIEW)
        )
        return
    try:
        touched = set(server.compose.would_touch())
    except ComposeError:
        # It refuses to foretell anything while a container is paused, or an image it would need is gone: said elsewhere, by name.
        touched = set()
    listed = server.client.api.images()
    ids = {name: one["Id"] for one in listed for name in [*(one["RepoTags"] or []), *(one["RepoDigests"] or [])]}
    by_id = {one["Id"]: one for one in listed}
    for name in server.wanted:
        if name in server.containers:
            found = of_container(server, name, services.get(name, ""), ids, touched)
            runs = by_id.get(server.containers[name]["Image"])
            aged = old(server, name, runs) if runs and found.level == "passed" else None
            yield aged or found


def of_container(server: Observed, name: str, wanted: str, ids: dict[str, str], touched: set[str]) -> Finding:
    """Say whether a container is what its Compose file says."""
    inspected = server.containers[name]
    runs, got = inspected["Image"], inspected["Config"]["Image"]
    step = say("See what a deploy changes: {command}", command=PREVIEW)
    if not wanted:
        return failed("images", name, say("expected a service of this container in the Compose file, got none"), step)
    if image_name(got) != image_name(wanted):
        return failed("images", name, say("expected image {wanted}, got {got}", wanted=wanted, got=got), step)
    now = ids.get(image_name(wanted))
    if now and now != runs:
        text = say("expected the image that {wanted} is now, {now}, got {runs}", wanted=wanted, now=short(now), runs=short(runs))
        return failed("images", name, text, step)
    if name in touched and inspected["State"]["Status"] == "running":
        text = say("expected a container as its Compose file and environment say today, got one that was made by others")
        return failed("images", name, text, step)
    if not now:
        text = say("runs, but nothing is called {wanted} any more", wanted=wanted)
        return warning("images", name, text, say("Have its name given back: {command}", command="ansible-playbook deploy.yml"))
    return passed("images", name, say("runs the image that was deployed"))


def old(server: Observed, name: str, image: dict[str, Any]) -> Finding | None:
    """Say that the image of a container, as the engine lists it, was made too long ago."""
    made = datetime.fromtimestamp(image["Created"], timezone.utc)
    age, days = server.began - made, server.settings.image_days
    if not days or age.days < days or made < MEANINGLESS:
        return None
    text = say(
        "its image {image} ({digest}) was made {age} days ago, so that it lacks what was mended since in all that it consists of",
        image=server.containers[name]["Config"]["Image"],
        digest=short(image["Id"]),
        age=age.days,
    )
    if image.get("RepoDigests"):
        return warning("images", name, text, say("Take what its registry has now: {command}", command=PULL))
    return warning("images", name, text, say("Build or load a newer one, then deploy it: {command}", command="ansible-playbook deploy.yml"))


def short(identifier: str) -> str:
    return identifier.removeprefix("sha256:")[:12]
