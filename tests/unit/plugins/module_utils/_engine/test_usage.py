"""What containers use, as either version of control groups tells it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import usage
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.usage import Meter, Usage

CONTAINERS = {"web": {"State": {"Pid": 7}}, "gone": {"State": {"Pid": 0}}}
# Where each version keeps what: the line of /proc/PID/cgroup, processor, memory, and what of it the kernel would give back.
SECOND = ("0::/system.slice/docker-1.scope\n", "system.slice/docker-1.scope/cpu.stat", "system.slice/docker-1.scope/memory.current")
FIRST = (
    "4:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n0::/docker/1\n",
    "cpuacct/docker/1/cpuacct.usage",
    "memory/docker/1/memory.usage_in_bytes",
)


@pytest.fixture(params=[SECOND, FIRST], ids=["version 2", "version 1"])
def spend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what has a container use seconds of a core."""
    line, cpu, memory = request.param
    monkeypatch.setattr(usage, "CGROUPS", str(tmp_path))
    monkeypatch.setattr(usage, "APART", 0.0)
    monkeypatch.setattr(usage, "read_proc", lambda path: line if path == "/proc/7/cgroup" else "")
    for path in (cpu, memory):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / memory).write_text("90000\n")
    (tmp_path / memory).with_name("memory.stat").write_text("anon 1\ninactive_file 20000\ntotal_inactive_file 20000\n")

    def used(seconds: float) -> None:
        text = f"usage_usec {int(seconds * 1e6)}\nuser_usec 3\n" if cpu.endswith("stat") else f"{int(seconds * 1e9)}\n"
        (tmp_path / cpu).write_text(text)

    return used


def test_what_was_used_between_two_looks(spend: Callable[[float], None], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 101.0, 102.0])
    monkeypatch.setattr(usage.time, "monotonic", lambda: next(clock))
    spend(10)
    meter = Meter(CONTAINERS)
    spend(10.5)
    assert meter.read() == {"web": Usage(25.0, 70000), "gone": Usage(None, None)}


def test_a_container_that_ended_meanwhile_is_unknown(spend: Callable[[float], None], monkeypatch: pytest.MonkeyPatch) -> None:
    spend(10)
    meter = Meter(CONTAINERS)
    monkeypatch.setattr(usage, "CGROUPS", "/nowhere")
    meter._groups = {"web": usage.group_of(7)}
    assert meter.read() == {"web": Usage(None, None)}
