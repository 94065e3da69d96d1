"""The server itself is hardened, by the commands of the runbook, and afterwards is as it was before."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
import server
from deployment import HOST as SERVER
from deployment import SSH_CONFIG, Deploy
from printed import HOST, HOST_LOOK
from terminal import type_in

UNDO = f"{HOST} -e host_hardened=false"
# The image of test servers has both masked.
TIMERS = "apt-daily.timer apt-daily-upgrade.timer"
# A setting of cloud-init's, which comes first in all files but ours, and an account that has a password.
CLOUD = "/etc/ssh/sshd_config.d/50-cloud-init.conf"
SET_UP = f"""
systemctl unmask {TIMERS} && systemctl enable {TIMERS}
echo 'PasswordAuthentication yes' > {CLOUD} && systemctl reload ssh.service
"""
# Each file by its hash, what sshd has in force, units and packages. Users that packages made stay, as Debian has it.
FOUND = r"""
find /etc /usr/local /var/lib/rarebooks.platform/host.json /swap* ! -type d ! -name '*-' ! -name ld.so.cache ! -name mtab \
  ! -name passwd ! -name group ! -name shadow ! -name gshadow -exec sha256sum {} + 2>/dev/null || true
sshd -T
systemctl list-unit-files --no-legend --no-pager
dpkg-query --show
"""
# What the packages brought along stays as well, marked as automatic.
OURS = re.compile("rarebooks-(host|reboot)|unattended|timesync|50-cloud|swap")
KEY = "publickey"


def found() -> set[str]:
    """Return what there is on the server that a run could touch, a line for each."""
    return set(server.shell(FOUND).splitlines())


def offered() -> str:
    """Return what sshd offers to somebody who has no key, as it says when it refuses him."""
    options = ["-o", "PubkeyAuthentication=no", "-o", "ControlPath=none", "-o", "NumberOfPasswordPrompts=0"]
    done = subprocess.run(["ssh", "-F", str(SSH_CONFIG), *options, SERVER, "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("(")[2].rstrip(").")


@pytest.fixture(scope="module")
def before() -> Iterator[set[str]]:
    refused = type_in(HOST)
    assert refused.code == 2 and f"got {TIMERS.replace(' ', ', ')} turned off by somebody. Nothing has been changed." in refused.said
    server.shell(SET_UP)
    assert offered() == f"{KEY},password"
    yield found()
    server.shell(f"systemctl mask {TIMERS} && rm {CLOUD} && systemctl reload ssh.service")


@pytest.fixture(scope="module")
def looked(before: set[str]) -> Deploy:
    done = type_in(HOST_LOOK)
    assert done.code == 0 and found() == before
    return done


@pytest.fixture(scope="module")
def hardened(looked: Deploy) -> Deploy:
    done = type_in(HOST)
    assert done.code == 0
    return done


def test_check_mode_has_told_each_file(looked: Deploy, before: set[str], hardened: Deploy) -> None:
    new = {line.split()[1] for line in found() - before if " /etc/" in line and "rarebooks" in line}
    # What starts the timer at boot is a link that systemd makes.
    files = {path for path in new if "timers.target.wants" not in path}
    assert len(files) == 6 and files == set(re.findall(r"^\+\+\+ after: (/etc/\S+)$", looked.output, re.MULTILINE))


def test_whoever_has_no_key_is_refused_at_once(hardened: Deploy) -> None:
    assert "SSH: keys alone, root too." in hardened.said and offered() == KEY


def test_updates_and_restarts_are_armed() -> None:
    assert server.run("apt-config", "dump", "--format", "%v", "APT::Periodic::Unattended-Upgrade") == "1"
    assert server.run("systemctl", "is-active", "rarebooks-reboot.timer") == "active\n"
    # No upgrade has asked for a restart.
    server.run("systemctl", "start", "rarebooks-reboot.service")
    assert server.run("systemctl", "show", "--property=ConditionResult", "--value", "rarebooks-reboot.service") == "no\n"


def test_a_container_gets_no_swap(hardened: Deploy) -> None:
    assert "Swap: none made, since " in hardened.said


def test_a_second_run_changes_nothing() -> None:
    assert type_in(HOST).recap()["changed"] == 0


def test_afterwards_it_is_as_before(before: set[str]) -> None:
    assert type_in(UNDO).code == 0
    after = found()
    assert before - after == set() and [line for line in after - before if OURS.search(line)] == []
    assert offered() == f"{KEY},password"
