# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Docker SDK's answers and errors in the gate's own words, with the SDK's client replaced."""

from __future__ import annotations

import signal
import subprocess
from typing import Any
from unittest.mock import Mock

import docker
import docker.errors
import pytest
import requests
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.client import DockerUnavailable
from ansible_collections.rarebooks.platform.plugins.module_utils._health.reader import DockerReader

TROUBLE = [docker.errors.APIError("500 Server Error"), requests.exceptions.ReadTimeout("read timed out")]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Mock:
    api = Mock(spec=docker.APIClient)
    monkeypatch.setattr(docker, "from_env", Mock(return_value=Mock(api=api)))
    return api


@pytest.mark.usefixtures("api")
def test_it_agrees_with_the_engine_on_a_version() -> None:
    DockerReader(7)
    docker.from_env.assert_called_once_with(version="auto", timeout=7)  # type: ignore[attr-defined]


def test_inspect(api: Mock) -> None:
    api.inspect_container.return_value = {"Id": "4fdd"}
    assert DockerReader(5).inspect("shop") == {"Id": "4fdd"}
    api.inspect_container.side_effect = docker.errors.NotFound("no such container")
    assert DockerReader(5).inspect("shop") is None


@pytest.mark.parametrize("error", TROUBLE)
def test_trouble_with_the_engine_is_not_a_missing_container(api: Mock, error: Exception) -> None:
    api.inspect_container.side_effect = error
    with pytest.raises(DockerUnavailable, match=str(error)):
        DockerReader(5).inspect("shop")


def test_logs_are_plain_text(api: Mock) -> None:
    api.logs.return_value = b"\x1b[41m\x1b[30mfail\x1b[39m: App[0]\r\n      \xff\n"
    assert DockerReader(5).logs("shop", 50) == "fail: App[0]\n      \ufffd\n"
    api.logs.assert_called_once_with("shop", stdout=True, stderr=True, tail=50, since=None)


def test_the_log_of_an_earlier_run_is_left_out(api: Mock) -> None:
    api.logs.return_value = b""
    DockerReader(5).logs("shop", 50, 1795640000.9)
    assert api.logs.call_args.kwargs["since"] == 1795640000


@pytest.mark.parametrize("error", TROUBLE)
def test_logs_that_cannot_be_read_do_not_hide_the_rest(api: Mock, error: Exception) -> None:
    api.logs.side_effect = error
    assert DockerReader(5).logs("shop", 50) == f"(the log cannot be read: {error})"


def test_a_removed_container_has_no_logs(api: Mock) -> None:
    api.logs.side_effect = docker.errors.NotFound("no such container")
    assert DockerReader(5).logs("shop", 50) == ""


@pytest.mark.parametrize("error", TROUBLE)
def test_no_engine(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(**_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(docker, "from_env", refuse)
    with pytest.raises(DockerUnavailable, match=str(error)):
        DockerReader(5)


@pytest.mark.parametrize(("code", "succeeded"), [(0, True), (1, False), (126, False), (None, False)])
def test_a_health_check_is_run_as_the_engine_runs_it(api: Mock, code: int | None, succeeded: bool) -> None:
    api.exec_create.return_value = {"Id": "e1"}
    api.exec_start.return_value = b"\x1b[31mno answer\x1b[0m\n"
    api.exec_inspect.return_value = {"ExitCode": code, "Pid": 0}
    assert DockerReader(5).run("shop", ["probe", "-v"], 5) == (succeeded, "no answer")
    api.exec_create.assert_called_once_with("shop", ["probe", "-v"])


@pytest.mark.parametrize("error", TROUBLE)
@pytest.mark.parametrize("call", ["exec_create", "exec_start", "exec_inspect"])
def test_a_health_check_that_cannot_be_run_has_failed(api: Mock, call: str, error: Exception) -> None:
    api.exec_create.return_value = {"Id": "e1"}
    api.exec_start.return_value = b""
    api.exec_inspect.return_value = {"ExitCode": 1, "Pid": 0}
    getattr(api, call).side_effect = error
    assert DockerReader(5).run("shop", ["probe"], 5) == (False, str(error))


def test_a_health_check_that_hangs_is_ended(api: Mock) -> None:
    with subprocess.Popen(["sleep", "60"]) as hanging:
        api.exec_create.return_value = {"Id": "e1"}
        api.exec_start.side_effect = lambda _identifier: hanging.wait() and b""
        api.exec_inspect.return_value = {"ExitCode": None, "Pid": hanging.pid, "Running": True}
        assert DockerReader(5).run("shop", ["probe"], 0.1) == (False, "Health check exceeded timeout (0.1s)")
        assert hanging.wait(5) == -signal.SIGKILL
