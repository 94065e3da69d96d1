"""Runs the real playbooks against this scenario's server, as an operator does, and reads what they say."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
NAME = os.environ["MOLECULE_SCENARIO_NAME"]
HOST = f"rarebooks-{NAME}"
SSH_CONFIG = ROOT / "build" / NAME / "ssh_config"
INVENTORY = ROOT / "molecule" / NAME / "hosts.yml"
SECONDS_PER_DEPLOY = 600
SHARED_PAYLOADS = "ANSIBLE_CALLBACK_PLUGINS"

# A failure as people see it, and with -v as Ansible has it.
FAILED = re.compile(r"^(\S+) +(?:FAILED|UNREACHABLE) +[0-9.]+ s  .*\n((?:(?: {4}.*)?\n)+)", re.MULTILINE)
FATAL = re.compile(r"^fatal: \[([^]]+)\]: FAILED! => *\n((?:(?: {4}.*)?\n)+)", re.MULTILINE)
# What needs no quotes on a command line, neither for the shell nor for Ansible.
PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./-]*")
RECAP = re.compile(r"^(\S+) +: (ok=\d+ .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Deploy:
    """How a deploy ended."""

    code: int
    output: str

    @property
    def said(self) -> str:
        """What stood on the screen, as one line: long texts are wrapped."""
        return " ".join(self.output.split())

    def results(self, host: str = HOST) -> list[dict[str, Any]]:
        """Return the results of the tasks that failed, in their order, of a run with -v."""
        return [yaml.safe_load(textwrap.dedent(body)) for name, body in FATAL.findall(self.output) if name == host]

    def message(self, host: str = HOST) -> str:
        """Return the one message with which the deploy ended."""
        messages = [textwrap.dedent(body).strip() for name, body in FAILED.findall(self.output) if name == host]
        messages += [result["msg"] for result in self.results(host)]
        assert len(messages) == 1, f"expected one message, got {len(messages)}:\n{self.output}"
        return str(messages[0])

    def recap(self, host: str = HOST) -> dict[str, int]:
        """Return the counts of the last lines."""
        (counts,) = (counts for name, counts in RECAP.findall(self.output) if name == host)
        return {key: int(value) for key, value in (pair.split("=") for pair in counts.split())}


def operator_environment() -> dict[str, str]:
    """Return an environment without any of the settings that Molecule hands down: an operator has none of them.

    What shares the modules' payloads between runs stays: it changes nothing but their time (../callback/payloads.py).
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_") or name == SHARED_PAYLOADS}
    return environment | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_SSH_COMMON_ARGS": f"-F {shlex.quote(str(SSH_CONFIG))}"}


def typed(variables: Mapping[str, Any]) -> list[str]:
    """Return the options with which a person types variables: ``-e name=true``, which is a text, and JSON where that cannot say it."""
    arguments = []
    for name, value in variables.items():
        text = json.dumps(value) if isinstance(value, bool | int) else value
        plain = isinstance(text, str) and PLAIN.fullmatch(text)
        arguments += ["-e", f"{name}={text}" if plain else json.dumps({name: value})]
    return arguments


def command(variables: Mapping[str, Any], *options: str, inventory: Path = INVENTORY, playbook: str = "deploy.yml") -> list[str]:
    """Return the command that runs a playbook with these variables on top of the inventory's."""
    return ["ansible-playbook", "-i", str(inventory), playbook, *typed(variables), *options]


def deploy(
    variables: Mapping[str, Any],
    *options: str,
    inventory: Path = INVENTORY,
    playbook: str = "deploy.yml",
    environment: Mapping[str, str] | None = None,
) -> Deploy:
    """Run a playbook to its end. Nobody answers questions."""
    done = subprocess.run(
        command(variables, *options, inventory=inventory, playbook=playbook),
        cwd=ROOT,
        env=operator_environment() | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_PER_DEPLOY,
        check=False,
    )
    return Deploy(done.returncode, done.stdout)
