"""The engine of the server, and the containers that must outlive whatever happens to it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import server
from deployment import HOST, SSH_CONFIG

CONFIG = "/etc/docker/daemon.json"


def config() -> str:
    """Return daemon.json as it is."""
    return server.run("cat", CONFIG)


def started() -> dict[str, str]:
    """Return since when each container has run."""
    layout = "{{.Name}} {{.State.StartedAt}} {{.State.Running}}"
    lines = server.shell(f"docker inspect --format '{layout}' $(docker ps --all --quiet)").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def said(template: str) -> str:
    """Return what the engine says of itself."""
    return server.run("docker", "info", "--format", template).strip()


# Asks a container at its own address, which needs neither the engine's proxy nor its DNS.
ASK = """
import sys, threading, urllib.request

answers = []
def ask():
    while not gone.is_set():
        try:
            answers.append(urllib.request.urlopen(f"http://{sys.argv[1]}/", timeout=5).status)
        except OSError as error:
            answers.append(str(error))
        gone.wait(0.05)
gone = threading.Event()
thread = threading.Thread(target=ask)
thread.start()
sys.stdin.read()
gone.set()
thread.join()
print(len(answers), *sorted({str(one) for one in answers}))
"""


@contextmanager
def asked(container: str) -> Iterator[list[str]]:
    """Ask a container all the while; what is yielded holds in the end how often, and each different answer."""
    layout = "{{.NetworkSettings.IPAddress}}"
    address = server.run("docker", "inspect", "--format", layout, container).strip()
    command = shlex.join(["python3", "-c", ASK, address])
    found: list[str] = []
    with subprocess.Popen(["ssh", "-F", str(SSH_CONFIG), HOST, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ssh:
        yield found
        found += ssh.communicate()[0].split()
