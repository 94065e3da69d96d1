"""A run as the person who waits for it sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PLAY = """
- name: Try what happens
  hosts: all
  gather_facts: false
  tasks:
    - name: Read how things are
      ansible.builtin.command: echo hi
      changed_when: false
    - ansible.builtin.set_fact: {__x: 1}
    - name: Never mind
      ansible.builtin.command: echo hi
      when: false
    - name: Copy each
      ansible.builtin.copy: {dest: "{{ scratch }}/{{ inventory_hostname }}{{ item }}", content: "a{{ item }}\\n", mode: "0600"}
      loop: [1, 2]
      diff: true
    - name: Try
      block:
        - name: Fail and be helped
          ansible.builtin.command: "false"
      rescue:
        - name: Help
          ansible.builtin.command: "true"
          changed_when: false
    - name: Fail and be ignored
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: Reach nobody and be ignored
      ansible.builtin.ping:
      vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
      ignore_unreachable: true
    - name: Take long
      ansible.builtin.wait_for: {timeout: "{{ seconds | default(0) | int }}"}
    - name: Fail in one of several
      ansible.builtin.shell: "echo {{ item }}; seq 1 40 >&2; test {{ item }} = good"
      loop: [good, bad]
      when: inventory_hostname == 'shop'
    - name: Show what was meant to be shown
      ansible.builtin.debug: {msg: "Mind the\\ngap"}
    - name: Tell
      rarebooks.platform.report: {text: All is well}
"""
SURVIVED = ["Fail and be helped", "Fail and be ignored", "Reach nobody and be ignored"]


@dataclass(frozen=True)
class Seen:
    """What stood on the screen, without the times."""

    code: int
    lines: list[str]

    def of(self, *beginning: str) -> list[str]:
        """Return the lines that begin with these words, without them."""
        start = re.compile(r"\s+".join(map(re.escape, beginning)) + r"\s+")
        return [start.sub("", line, count=1) for line in self.lines if start.match(line)]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Seen]:
    def start(*options: str, hosts: str = "blog,shop,", play: str = PLAY, **environment: str) -> Seen:
        (tmp_path / "play.yml").write_text(play)
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "RAREBOOKS_", "NO_COLOR"))}
        program = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [program, "-i", hosts, "-c", "local", "play.yml", "-e", f"scratch={tmp_path}", *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=own
            | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections"}
            | {"ANSIBLE_PYTHON_INTERPRETER": sys.executable}
            | environment,
        )
        return Seen(done.returncode, re.sub(r" +\d+\.\d s  ", " ", done.stdout).splitlines())

    return start


def test_a_line_a_step_and_a_failure_once(run: Callable[..., Seen]) -> None:
    seen = run(hosts="blog,shop,wiki,")
    assert seen.code == 2
    assert seen.lines[0] == "Try what happens"
    assert seen.of("blog", "ok") == ["Read how things are", "Help", "Take long"]
    assert seen.of("blog", "changed") == ["Copy each"]
    # What the play goes on after is a line; what it ends by is explained, and no more than the end of what was printed.
    assert seen.of("blog", "failed") == seen.of("shop", "failed") == SURVIVED
    assert seen.of("blog", "FAILED") == [] and seen.of("shop", "FAILED") == ["Fail in one of several"]
    at = seen.lines.index("shop  FAILED Fail in one of several")
    assert seen.lines[at + 1 : at + 17] == ["    bad: non-zero return code", "    bad: 26", *(f"    {number}" for number in range(27, 41))]
    assert [line for line in seen.lines if "Never mind" in line or "set_fact" in line or "[ERROR]" in line] == []
    assert seen.lines.count("+a1") == 3
    shown = [seen.lines[at + 1 : at + 3] for at, line in enumerate(seen.lines) if line == "blog:"]
    assert shown == [["    Mind the", "    gap"], ["    All is well", "wiki:"]]
    # The counts of each host stand last.
    assert [line.split(" : ")[0].strip() for line in seen.lines[-3:]] == ["blog", "shop", "wiki"]
    assert [re.findall(r" failed=\d+", line) for line in seen.lines[-3:]] == [[" failed=0"], [" failed=1"], [" failed=0"]]
    # What is no terminal gets no colours.
    assert not any("\x1b" in line for line in seen.lines)


def test_a_long_step_gives_a_sign_of_life(run: Callable[..., Seen]) -> None:
    seen = run("-e", "seconds=4", hosts="blog,", RAREBOOKS_STEPS_HEARTBEAT="1")
    assert seen.of("blog", "...").count("Take long") >= 2
    assert seen.lines.index("blog  ... Take long") < seen.lines.index("blog  ok Take long")
    assert run("-e", "seconds=2", hosts="blog,", RAREBOOKS_STEPS_HEARTBEAT="0").of("blog", "...") == []


def test_what_would_happen_is_called_so(run: Callable[..., Seen]) -> None:
    seen = run("--check", hosts="blog,")
    assert seen.code == 0 and seen.lines[0] == "Try what happens (check mode)"
    assert seen.of("blog", "would change") == ["Copy each"] and seen.of("blog", "changed") == []


def test_ansibles_own_is_one_word_away(run: Callable[..., Seen]) -> None:
    for seen in (run("-v", hosts="blog,"), run(hosts="blog,", ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default")):
        assert any(line.startswith("TASK [Read how things are]") for line in seen.lines)
        assert any(line.startswith("PLAY RECAP") for line in seen.lines)


def test_forks_do_not_walk_through_what_was_loaded_before_them(run: Callable[..., Seen], tmp_path: Path) -> None:
    (tmp_path / "filter_plugins").mkdir()
    (tmp_path / "filter_plugins/frozen.py").write_text(
        """
import gc

class FilterModule:
    def filters(self):
        return {"collector": lambda _: f"frozen {gc.get_freeze_count()}, collects each {gc.get_threshold()[0]}"}
"""
    )
    seen = run("-e", "{'name': \"{{ '' | collector }}\"}", hosts="blog,", play=PLAY + "    - ansible.builtin.debug: {var: name}\n")
    (line,) = [line for line in seen.lines if "frozen" in line]
    frozen, between = map(int, re.findall(r"\d+", line))
    assert frozen > 50_000 and between == 100_000
