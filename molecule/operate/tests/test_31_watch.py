"""The watch tells what breaks and what is well again, once each, and nothing else; and that it cannot watch itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from apps import open_shop
from contract import DIRECTORY
from deployment import HOST as NAME
from server import run, shell
from support import Web, wait_until
from told import PROGRAM, UTILS, count, of, pings, python, titles, watch

AGAIN = "systemctl daemon-reload; systemctl restart rarebooks-watch.timer"
UNIT = "rarebooks-recovery.service"
METRICS = "/var/lib/metrics/rarebooks.prom"
# A run that is at work as long as this process lives.
RUN = f"""
import time
from {UTILS}._run import lease, ledger
lease.take_unattended(lease.Place("{DIRECTORY}"), ledger.Run("watched", "deploy", "alice@laptop", started=ledger.now()), "testing", 60)
time.sleep(600)
"""
TAKEN = f"""
import time
from {UTILS}._run import lease
deadline = time.monotonic() + 60
while not ((held := lease.Place("{DIRECTORY}").load()) and held.process):
    assert time.monotonic() < deadline, "nobody took the lease"
    time.sleep(0.1)
"""


def is_quiet() -> bool:
    """Watch, and tell whether all is well and nothing is told."""
    before = count()
    watch()
    return titles(before) == [] and pings(before) == ["/ping/8b7e"]


@pytest.fixture(scope="module", autouse=True)
def only_by_hand(web: Web) -> Iterator[None]:
    """Have these tests alone start the watch, from a server of which nothing is to be told."""
    open_shop(web, "operate")
    directory = "/run/systemd/system/rarebooks-watch.timer.d"
    rarely = "[Timer]\nOnBootSec=\nOnUnitInactiveSec=\nOnUnitInactiveSec=1h\n"
    shell(f"mkdir -p {directory}; printf '{rarely}' > {directory}/rarely.conf; {AGAIN}")
    wait_until(is_quiet, "what other tests left in the logs to be over", seconds=300)
    yield
    shell(f"rm -r {directory}; {AGAIN}")


def test_a_healthy_server_is_silent_and_everybody_who_counts_on_it_hears() -> None:
    before = count()
    for _time in range(3):
        watch()
    assert titles(before) == [] and pings(before) == ["/ping/8b7e"] * 3
    metrics = run("cat", METRICS)
    assert 'rarebooks_verify_finding{server="' in metrics and "} 2\n" not in metrics


def test_what_breaks_is_told_once_and_what_is_well_again() -> None:
    """A unit that is off breaks no site, whose errors would stay in the logs."""
    before = count()
    run("systemctl", "disable", UNIT)
    try:
        watch()
        watch()
        (told,) = of("webhook", before)
        assert f"broken: {UNIT}" in told and "Next: systemctl enable" in told
        assert pings(before) == ["/ping/8b7e/fail"] * 2
        assert "} 2\n" in run("cat", METRICS)
    finally:
        run("systemctl", "enable", UNIT)
    before = count()
    watch()
    assert titles(before) == [f"{NAME}: all right again: {UNIT}"] and pings(before) == ["/ping/8b7e"]


def test_nothing_is_told_while_a_run_is_at_work_and_that_it_died_is() -> None:
    before = count()
    shell(f"cat > /run/watched.py <<'END'\n{RUN}\nEND\n")
    program = ["env", f"PYTHONPATH={PROGRAM}", "python3", "/run/watched.py"]
    run("systemd-run", "--collect", "--unit=watched", *program)
    python(TAKEN)
    run("systemctl", "disable", UNIT)
    try:
        watch()
        assert titles(before) == [] and pings(before) == ["/ping/8b7e"]
        run("systemctl", "kill", "--signal=KILL", "watched")
        shell("while systemctl is-active --quiet watched; do sleep 0.1; done")
    finally:
        run("systemctl", "enable", UNIT)
    watch()
    (told,) = titles(before)
    assert told.endswith("broken: run")
    python(f"from {UTILS}._run import lease\nlease.give_back(lease.Place('{DIRECTORY}'), 'watched')")
    watch()
    assert titles(before)[1].endswith("all right again: run")


def test_a_watch_that_fails_is_told() -> None:
    before = count()
    file = f"{PROGRAM}/ansible_collections/rarebooks/platform/plugins/module_utils/_verify/run.py"
    kept = run("cat", file)
    run("tee", file, stdin="raise SystemExit(1)\n")
    try:
        for _time in range(3):
            shell("systemctl start rarebooks-watch.service || true")
            shell(
                "while systemctl is-active --quiet rarebooks-watch-failed.service || "
                "[ $(systemctl show --value --property=ActiveState rarebooks-watch-failed.service) = activating ]; do sleep 0.2; done"
            )
        (told,) = titles(before)
        assert told.endswith("the watch of this server fails") and pings(before)[-1] == "/ping/8b7e/fail"
    finally:
        run("tee", file, stdin=kept)
    watch()
    assert any("✓ watch" in text for text in of("webhook", before))
