"""Runs are told to every channel, for real, once; and nothing that a target does reaches the run."""

from __future__ import annotations

import re

import pytest
from contract import DIRECTORY
from operators import Deployer
from printed import NOTIFY, VERIFY
from server import ledger, run, shell
from support import wait_until
from terminal import type_in
from told import CHANNELS, WATCH, count, of, record, titles, wait_idle, watch

SETTINGS = f"{WATCH}/settings.json"
REFUSE = "/opt/receiver/refuse-ntfy"
SECRET = "abcdefg_hijklmnop"


def test_each_deploy_was_told_to_everybody_once() -> None:
    # What the timer's first look finds is told once: not in the middle of a test that counts.
    watch()
    wait_idle()
    deploys = [one for one in ledger() if one["result"] == "deployed"]
    for channel in CHANNELS:
        told = [text for text in of(channel) if "deployed, and the new release serves" in text]
        assert len(told) == len(deploys) > 0
        assert all("rarebooks-" in text and "deploy by " in text for text in told)


def test_an_unchanged_deploy_changes_nothing_and_is_not_told(deploying: Deployer) -> None:
    before = count()
    done = deploying({})
    assert (done.code, done.recap()["changed"]) == (0, 0)
    assert titles(before) == []


def test_targets_are_secrets() -> None:
    modes = run("stat", "--format=%a %U", f"{WATCH}/targets/1", f"{WATCH}/targets/4", SETTINGS).split("\n")
    assert set(filter(None, modes)) == {"600 root"}
    readable = f"find {DIRECTORY} -type f -perm /044 -exec grep -l {SECRET} {{}} +"
    journal = "journalctl --quiet --unit=rarebooks-notify --unit=rarebooks-watch"
    assert shell(f"{readable} || true; {journal} | grep {SECRET} || true") == ""


@pytest.mark.parametrize(
    ("language", "result", "action", "title", "line"),
    [
        ("en", "restored", "deploy", "the new release failed, and the one before it serves again", "Error: no answer"),
        ("ru", "restored", "recovery", "перезагружен посреди переключения, снова работает прежний релиз", "Ошибка: no answer"),
    ],
)
def test_a_run_is_told_as_soon_as_the_ledger_has_it(language: str, result: str, action: str, title: str, line: str) -> None:
    """Whoever wrote it: a switch that lost its controller, and the unit that ends one at boot, write it too."""
    # Whoever is at work has read the language that was set before.
    wait_idle()
    before = count()
    shell(f'sed -i \'s/"language": ".."/"language": "{language}"/\' {SETTINGS}')
    try:
        record(result, action, "no answer")
        for channel in CHANNELS:
            wait_until(lambda channel=channel: title in "".join(of(channel, before)), f"a message to {channel}")
            # The watch may tell of something else meanwhile.
            told = of(channel, before)
            assert [line in text for text in told if title in text] == [True], told
    finally:
        shell(f'sed -i \'s/"language": ".."/"language": "en"/\' {SETTINGS}')


def test_a_test_message_reaches_everybody() -> None:
    before = count()
    done = type_in(NOTIFY)
    assert done.code == 0 and done.output.count(" taken") == len(CHANNELS)
    assert [len([text for text in of(channel, before) if "a test message" in text]) for channel in CHANNELS] == [1] * len(CHANNELS)


def test_a_target_that_fails_is_named_and_gets_later_what_it_missed() -> None:
    before = count()
    run("touch", REFUSE)
    try:
        done = type_in(NOTIFY)
        assert done.code != 0 and "an error of number 2." in done.message().replace("\n", " ")
        assert re.search(r"  2 +ntfy +FAILED: .*503", done.output)
        record("rolled back", "rollback")
        wait_until(lambda: bool(of("telegram", before)), "a message to another target")
        wait_idle()
        verified = type_in(VERIFY)
        assert re.search(r"target 2 \(ntfy\).* has taken nothing since", verified.output.replace("\n", " "))
    finally:
        run("rm", REFUSE)
    record("deployed")
    expected = ["rolled back, and the release of the backup serves", "deployed, and the new release serves"]

    def of_runs() -> list[str]:
        # The timer's watch may tell of something in between.
        return [title for text in of("ntfy", before) if (title := text.splitlines()[0].split(": ")[1]) in expected]

    wait_until(lambda: len(of_runs()) == len(expected), "what was missed")
    assert of_runs() == expected
