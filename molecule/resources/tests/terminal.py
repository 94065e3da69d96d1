"""Commands typed in a shell in the checkout, as they stand in documents and messages."""

from __future__ import annotations

import os
import re
import shlex
import subprocess

from deployment import INVENTORY, ROOT, Deploy, operator_environment

# The backup that documents name.
ID = "20261124_083000"
COMMAND = re.compile(r"^ *(?:To [a-z ]+: )?(ansible-playbook -i .*?)$", re.MULTILINE)


def type_in(line: str, identifier: str = ID, directory: str = "DIRECTORY") -> Deploy:
    """Run a line in a shell in the checkout, as it stands but for the inventory, the backup and the directory."""
    inventory = os.path.relpath(INVENTORY, ROOT)
    line = re.sub(r" -i (inventories/production|INVENTORY) ", f" -i {inventory} ", line)
    line = line.replace(ID, identifier).replace("DIRECTORY", shlex.quote(directory))
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env=operator_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    print(f"$ {line}\n{done.stdout}")
    return Deploy(done.returncode, done.stdout)


def commands_of(done: Deploy) -> list[str]:
    """Return the commands that a run has printed, each once."""
    return list(dict.fromkeys(COMMAND.findall(done.output)))


def as_documented(line: str, identifier: str) -> str:
    """Return a printed command in the form in which it stands here."""
    documented = line.replace(f"-i {os.path.relpath(INVENTORY, ROOT)}", "-i inventories/production")
    return documented.replace(identifier, ID) if identifier else documented
