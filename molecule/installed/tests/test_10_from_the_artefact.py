"""Installed, deployed, gone back and looked at by the names of the collection's playbooks, all of it readable."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import pytest
import server
from deployment import Deploy
from machine import Typing
from operators import Deployer
from visitor import PAGES, Visitor

BACK = re.compile(r"^    To go back: (ansible-playbook -i inventory rarebooks\.platform\.rollback -e .*)$", re.MULTILINE)
PLAYBOOK = ["ansible-playbook", "-i", "inventory"]
CHANGE = ["-e", "maymessenger_body_size=40m"]
LIST = re.compile(r"^(?:shop|rarebooks-installed):\n((?:    .*\n|\n)+)", re.MULTILINE)
# Ages, and what is free on the disk.
PASSING = re.compile(r"[\d.]+ h|free on that disk: \S+")


@pytest.fixture(scope="module", autouse=True)
def installed(typing: Typing) -> Deploy:
    """Install the artefact, whose dependencies are there, and make the archive that the inventory names."""
    typing("sh", "-c", "ansible-galaxy collection install --offline rarebooks-platform-*.tar.gz")
    pack = ["-e", "package_source=src/may_messenger_backend", "-e", "package_archive=may_messenger_backend.zip"]
    return typing(*PLAYBOOK, "rarebooks.platform.package", *pack)


def test_it_is_driven_by_a_newer_core_than_the_checkout(typing: Typing) -> None:
    version = typing("ansible", "--version").output
    assert "[core 2.21." in version and "config file = None" in version and "python version = 3.13." in version


def test_what_package_says(installed: Deploy) -> None:
    assert re.search(r"^localhost:\n    \S+\.zip: \d+ files, changed\n    sha256 [0-9a-f]{64}\n    digest ", installed.output, re.MULTILINE)


def test_deployed(typing: Typing) -> None:
    done = typing(*PLAYBOOK, "rarebooks.platform.deploy")
    assert "\nshop:\n    shop serves RareBooks and May Messenger.\n    Files changed: " in done.output


def test_it_serves(visitor: Callable[[], Visitor]) -> None:
    somebody = visitor()
    assert [somebody.ask(page) for page in PAGES] == ["200"] * len(PAGES)


def test_a_second_run_changes_nothing(typing: Typing) -> None:
    assert typing(*PLAYBOOK, "rarebooks.platform.deploy").recap("shop")["changed"] == 0


def test_back_by_the_printed_command(typing: Typing) -> None:
    before = server.release()
    done = typing(*PLAYBOOK, "rarebooks.platform.deploy", *CHANGE)
    (printed,) = BACK.findall(done.output)
    assert server.difference(before, server.release()) != {}
    back = typing(*shlex.split(printed))
    assert f"    shop runs the release of backup {server.backups()[0]} again, and it serves.\n" in back.output
    assert server.difference(before, server.release()) == {}


@pytest.mark.parametrize("name", ["backups", "history", "certificates"])
def test_lists_read_as_in_a_checkout(name: str, typing: Typing, deploying: Deployer) -> None:
    lists = []
    for done in (typing(*PLAYBOOK, f"rarebooks.platform.{name}"), deploying({}, playbook=f"{name}.yml")):
        (shown,) = LIST.findall(done.output)
        lists.append([PASSING.sub("", line) for line in shown.splitlines()])
    assert lists[0] == lists[1] and len(lists[0]) > 3


def test_a_refusal_is_readable(typing: Typing) -> None:
    faults = ["-e", "stack_backup_keep=three", "-e", "proxy_http_port=none"]
    lines = typing(*PLAYBOOK, "rarebooks.platform.deploy", *faults, code=2).output.splitlines()
    listed = [line for line in lines if line.startswith("- ")]
    assert [line.partition(": expected a whole number, got ")[0] for line in listed] == ["- stack_backup_keep", "- proxy_http_port"]
