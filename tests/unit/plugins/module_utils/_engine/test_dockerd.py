"""The flags of an engine, from what systemd shows of its unit and /proc of the process that runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import dockerd
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.dockerd import Unit

SHOWN = """\
LoadState=loaded
UnitFileState=enabled
MainPID=0
ExecStart={{ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd {words} ; ignore_errors=no ; start_time=[n/a] ; pid=0 ; status=0/0 }}
Environment={environment}
{files}
"""


def flags(words: str, environment: str = "", *files: Path) -> list[str]:
    lines = "\n".join(f"EnvironmentFiles={file} (ignore_errors=yes)" for file in files)
    return dockerd.flags(dockerd.parse(SHOWN.format(words=words, environment=environment, files=lines)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('DOCKER_OPTS="--log-opt max-size=50m"\n', ["-H", "--log-opt"]),
        ("DOCKER_OPTS=--log-opt max-size=50m --live-restore", ["-H", "--log-opt", "--live-restore"]),
        ("# comment\n;another\nDOCKER_OPTS='--log-opt=max-size=50m \\\n --debug'\n", ["-H", "--log-opt", "--debug"]),
        ('#DOCKER_OPTS="--dns 8.8.8.8"\n', ["-H"]),
        ('OTHER="--dns 8.8.8.8"\n', ["-H"]),
        ("DOCKER_OPTS=\n", ["-H"]),
        ('DOCKER_OPTS="--label it\'s"', ["-H", "--label"]),
        ("", ["-H"]),
    ],
)
def test_flags_in_an_environment_file(content: str, expected: list[str], tmp_path: Path) -> None:
    file = tmp_path / "docker"
    file.write_text(content)
    assert flags("-H fd:// $DOCKER_OPTS", "", file) == expected


def test_a_file_comes_after_the_units_own_variables_and_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "docker"
    assert flags("$A ${B}", '"A=--debug --dns 8.8.8.8" B=--ipv6=true', file) == ["--debug", "--dns", "--ipv6"]
    file.write_text("A=--iptables=false")
    assert flags("$A ${B}", '"A=--debug --dns 8.8.8.8" B=--ipv6=true', file) == ["--iptables", "--ipv6"]


def test_values_are_no_flags_and_names_come_once() -> None:
    assert flags("-H fd:// --log-opt max-size=50m --log-opt max-file=3 -H tcp://127.0.0.1:2375") == ["-H", "--log-opt"]


def test_the_flags_of_the_process_that_runs_count_too() -> None:
    """The unit was changed, and the engine not restarted since: told to reload, it would refuse the option."""
    argv = [sys.executable, "-c", "print(flush=True); input()", "--dns", "8.8.8.8", "--containerd=/x"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        # Before that the kernel may not have its command line in place.
        assert process.stdout and process.stdout.readline() == b"\n"
        unit = Unit(True, "enabled", process.pid, ["dockerd", "--containerd=/x"])
        assert dockerd.flags(unit) == ["--containerd", "-c", "--dns"]
        process.communicate(b"\n")
    assert dockerd.flags(unit) == ["--containerd"]


def test_a_unit_that_systemd_does_not_have() -> None:
    assert dockerd.parse("LoadState=not-found\nUnitFileState=\nMainPID=0\n") == Unit(False, "", 0, [])
    assert dockerd.parse("") == Unit()
