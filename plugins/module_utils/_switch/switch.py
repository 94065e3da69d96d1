# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a server from the release it runs to another one. Deploy, rollback and automatic rollback all go this way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from .._backup import images
from .._base.errors import PlatformError
from .._engine.client import DockerUnavailable
from .._engine.compose import ComposeError
from .._engine.proxy import Proxy
from .._health import run
from .._health.run import Gate
from .._release import drift as release_drift
from .._release.drift import Drift
from .._tree import plan as tree_plan
from .._tree import promote
from . import beside, joining, kept_files, passwords
from .adoption import held
from .beside import Exchanged
from .server import Server
from .target import Target
from .visitors import Visitors

# How often a step that changes nothing is taken where it ends in an error that nobody foresaw, the seconds in between, and those
# after which it is not begun again: an error at the end of a gate must not double the time in which a site is down.
TRIES = 3
PAUSE = 1.0
TRY_WITHIN = 60.0

T = TypeVar("T")


class SwitchError(PlatformError):
    """The release does not serve; facts become keys of the failed task's result."""


@dataclass
class Switched:
    """What a switch did."""

    plan: tree_plan.Plan
    started: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    reloaded: bool = False
    expiring: list[str] = field(default_factory=list)
    # Certificates of before that were put back with the release.
    certificates: list[str] = field(default_factory=list)
    seconds: float = 0.0
    # What else a person should know, such as a database that was kept.
    notes: list[str] = field(default_factory=list)
    # On the way back, why each container was started.
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Needed:
    """Containers that would be started though no file changes, and what was changed about some of them by hand."""

    containers: list[str] = field(default_factory=list)
    drifts: list[Drift] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.containers)


def needed(server: Server, target: Target, plan: tree_plan.Plan, wanted: Sequence[str] = ()) -> Needed:
    """Return the containers that died, whose image's name means another now, or that somebody changed by hand, and those wanted anew.

    What else would be started cannot be known while files differ.
    """
    if not plan.files:
        return Needed()
    try:
        drifts = again(partial(release_drift.find, server.compose, server.client))
    except ComposeError:
        drifts = []
    others = [] if plan.needed else stale(server, target)
    return Needed(sorted({*wanted, *others, *(drift.container for drift in drifts)}), drifts)


def stale(server: Server, target: Target) -> list[str]:
    """Return the containers that are not as the live files say."""
    if images.moved(server.client, target.images):
        return sorted(target.images)
    try:
        return again(server.compose.would_touch)
    except ComposeError:
        return sorted(target.containers)  # Such as where an image is gone: what it takes shows when it is done.


def switch(
    server: Server,
    target: Target,
    plan: tree_plan.Plan,
    extra: set[str],
    validate: Callable[[str], None] = lambda _tree: None,
    begin: Callable[[], None] = lambda: None,
    between: Callable[[], None] = lambda: None,
) -> Switched:
    """Make the target live and return once it serves.

    Validate validates the staged tree and may refuse it, begin is called when all is validated and nothing has been changed yet,
    between when the files are those of the target and its containers are not started yet. Extra are containers to remove
    once the target serves.
    """
    began = time.monotonic()
    done = Switched(plan)
    beside.settle(server)

    def validated(tree: str) -> None:
        validate(tree)
        start()

    def start() -> None:
        begin()
        images.put_back(server.client, images.moved(server.client, target.images))

    if plan.needed:
        promote.apply(plan, validated)
    else:
        start()
    between()
    # Not before what was validated: a rehearsal may take long, and what visitors got before it says nothing of today's trouble.
    visitors = Visitors.of(server, target)
    done.notes = passwords.follow(server, target.release.apps) + kept_files.keep(server, target) + kept_files.give_back(server, target)
    joining.join(server, target.release)
    exchanged = exchange(server, target)
    done.notes += exchanged.notes
    done.started = sorted({*exchanged.containers, *up(server, target)})
    if done.started:
        wait_until_serving(server, target, sites=False)
    done.reloaded = reload(server, target, bool(set(done.started) - set(exchanged.containers) - set(target.proxy)))
    done.expiring = wait_until_serving(server, target)
    done.seconds = round(time.monotonic() - began, 1)
    watch(server, target, done.started, visitors)
    done.removed = server.compose.remove(sorted(extra - target.every_container))
    return done


def exchange(server: Server, target: Target) -> Exchanged:
    """Exchange the containers that the release wants exchanged beside each other; what Compose gives up over, `up` tells better."""
    try:
        return beside.exchange(server, target)
    except ComposeError:
        return Exchanged()


def up(server: Server, target: Target) -> list[str]:
    """Start what differs. Where Compose gives up, what the containers say of themselves tells more than its own words.

    Of a release with an unhealthy app it gives up in any case: whether the other apps serve is for the gate to say.
    """
    server.tell("Compose starts what differs")
    try:
        mended = release_drift.mend(server.compose, server.client)
        return sorted({*mended, *server.compose.up()})
    except ComposeError as error:
        if target.partial:
            return target.containers
        held, result = run.wait_until_healthy(gate(server, target, sites=False, deadline=1), server.secrets)
        if held:
            raise SwitchError(run.masked(str(error), server.secrets)) from None
        raise SwitchError(f"{result['msg']}\n\n{run.masked(str(error), server.secrets)}", **without_msg(result)) from None


def gate(server: Server, target: Target, sites: bool = True, deadline: float | None = None) -> Gate:
    """Return what has to hold for the target to serve."""
    return Gate(
        containers=target.containers,
        probes=target.probes if sites else (),
        tls=target.tls if sites else (),
        ca_file=server.ca_file,
        trusted=target.chains if server.certificates_on_disk else (),
        deadline=server.deadline if deadline is None else deadline,
        at_least=server.at_least,
    )


def wait_until_serving(server: Server, target: Target, sites: bool = True) -> list[str]:
    """Hold until the target serves, or say why it does not; return warnings of certificates that end soon."""
    if not target.containers:
        return []
    held, result = again(lambda: run.wait_until_healthy(gate(server, target, sites), server.secrets, server.tell))
    if not held:
        raise SwitchError(result["msg"], **without_msg(result))
    return list(result["expiring"])


def watch(server: Server, target: Target, started: Sequence[str], visitors: Visitors | None) -> None:
    """Go on asking what was started for a while, or say why it does not serve any more."""
    if not (server.watch and started):
        return
    ours = set(started)
    target = target if ours & set(target.proxy) else replace(target, apps=tuple(app for app in target.apps if ours & set(app.containers)))
    asked = replace(gate(server, target), containers=sorted(ours & set(target.containers)))
    probes = visitors.probes(target.apps) if visitors else []
    server.tell(f"it serves, and is watched for {server.watch:g} s")
    held, result = again(lambda: run.watch(asked, probes, server.watch, server.secrets))
    if not held:
        raise SwitchError(result["msg"], **without_msg(result))


def again(step: Callable[[], T]) -> T:
    """Take a step that changes nothing, again where it ends in an error that nobody foresaw: no release is undone over a race of ours.

    An error of ours is an answer and stands at once, but for an engine that does not answer at this moment.
    """
    until = time.monotonic() + TRY_WITHIN
    for _try in range(TRIES - 1):
        try:
            return step()
        except Exception as error:
            foreseen = isinstance(error, PlatformError) and not isinstance(error, DockerUnavailable)
            if foreseen or time.monotonic() > until:
                raise
        time.sleep(PAUSE)
    return step()


def without_msg(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without its message, which the failed task carries by itself."""
    return {key: value for key, value in result.items() if key != "msg"}


def reload(server: Server, target: Target, force: bool) -> bool:
    """Have the proxy read what it has not; a container behind it that was replaced is reason enough."""
    # One that is as it was made by hand has read what its owner had it read, and knows nothing of the release's files.
    theirs = [] if force else held(server.client, server.root, server.project, target.proxy)
    changed = [again(partial(reload_one, server, container, force)) for container in target.proxy if container not in theirs]
    return any(changed)


def reload_one(server: Server, container: str, force: bool) -> bool:
    """Have one proxy read what it has not; may be called again after an error."""
    proxy = Proxy(container, server.proxy_paths, server.proxy_record)
    if not force and proxy.is_current():
        return False
    proxy.reload()
    return True
