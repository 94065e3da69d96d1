# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether each container of the release runs, stays up, and is healthy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from .._base.sentence import Sentence, say
from .._health.container import GONE, check_container, ending
from .._health.diagnosis import UNKNOWN, diagnose
from .._health.gate import OK
from .._health.state import ContainerState
from .finding import Finding, failed, passed, warning
from .observed import Observed

# So often and so shortly ago it is no accident.
OFTEN, SHORTLY, LATELY = 3, timedelta(minutes=10), timedelta(days=1)
LOG_LINES = 50
DEPLOY = "ansible-playbook deploy.yml"
START = "ansible-playbook manage.yml -e operation=start -e app={app}"


def check(server: Observed) -> Iterator[Finding]:
    """Yield how each container runs."""
    on_purpose = server.on_purpose
    for name in server.wanted:
        state = server.state(name)
        if state is not None and state.status in GONE and name in on_purpose:
            text = say("was stopped on purpose by {by} at {at}", by=on_purpose[name].by, at=on_purpose[name].at)
            yield warning("containers", name, text, again(server, name))
        else:
            yield running(server, name, state)
    for name in sorted(server.containers.keys() - set(server.wanted)):
        text = say("belongs to project {project}, and the release has no such container", project=server.settings.project)
        yield warning("containers", name, text, say("If nobody needs it: {command}", command=f"docker rm --force {name}"))


def running(server: Observed, name: str, state: ContainerState | None) -> Finding:
    """Say whether a container runs, and has not just died again and again."""
    if state is None:
        text = say("expected a container of this name, got none")
        return failed("containers", name, text, say("Make it again: {command}", command=DEPLOY))
    result = check_container(state, state, server.began)
    if state.status != "running":
        return failed("containers", name, said(server, state, name, result.error or state.status), repaired(server, name, state))
    age = server.began - state.started if state.started else LATELY
    if state.restarts >= OFTEN and age < SHORTLY:
        error = f"it died and was restarted {state.restarts}x, last {age.seconds} s ago, {ending(state)}"
        return failed("containers", name, said(server, state, name, error), repaired(server, name, state))
    if state.restarts and age < LATELY:
        text = say("it died and was restarted {count}x, last at {at}", count=state.restarts, at=f"{state.started:%Y-%m-%d %H:%M} UTC")
        return warning("containers", name, text, repaired(server, name, state))
    return passed("containers", name, say("runs"))


def said(server: Observed, state: ContainerState, name: str, error: str) -> Sentence:
    """Return an error with its likely cause, where the log names one."""
    cause = diagnose(state, server.reader.logs(name, LOG_LINES), state.probe_output)
    if cause == UNKNOWN:
        return say("expected it to run, got: {error}", error=error)
    return say("expected it to run, got: {error}. Likely cause: {cause}", error=error, cause=cause)


def repaired(server: Observed, name: str, state: ContainerState) -> Sentence | str:
    """Return how to see why, and how to have it run again."""
    log = f"docker logs --tail 100 {name}"
    if state.status == "paused":
        return f"docker unpause {name}"
    command = start(server, name) if state.status in GONE else DEPLOY
    return say("See why: {log}. Have it run again: {command}", log=log, command=command)


def start(server: Observed, name: str) -> str:
    """Return how to have a container started that has ended; the proxy belongs to no app."""
    app = next((app.name for app in server.release.apps if name in app.containers), "")
    return START.format(app=app) if app else DEPLOY


def again(server: Observed, name: str) -> Sentence:
    """Return how what was stopped on purpose is started."""
    return say("If it is to run again: {command}", command=start(server, name))


def check_health(server: Observed) -> Iterator[Finding]:
    """Yield what the health checks of running containers say."""
    for name in server.wanted:
        state = server.state(name)
        if state is None or state.status != "running" or state.health == "none":
            continue
        if state.health == "healthy":
            yield passed("health", name, say("is healthy"))
        elif state.health == "starting" and check_container(state, state, server.began) != OK:
            text = say("is still starting, {count} failed probes in a row", count=state.failing_streak)
            yield warning("health", name, text, say("Verify again in a minute."))
        else:
            text = say(
                "expected it healthy, got {state}, its probe says: {output}", state=state.health, output=shortened(state.probe_output)
            )
            yield failed("health", name, text, repaired(server, name, state))


def shortened(text: str, length: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"
