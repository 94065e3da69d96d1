"""A library that is missing is told by one message, with the package to install; nobody words it anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.libraries import DOCKER, REQUESTS

PLUGINS = Path(__file__).parents[5] / "plugins"


class Failed(Exception):
    """The end of a module."""


class Module:
    """Keeps what it fails with."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}

    def fail_json(self, msg: str, **more: Any) -> NoReturn:
        self.said = {"msg": msg, **more}
        raise Failed


def test_nothing_is_said_of_what_is_there() -> None:
    module = Module()
    libraries.require(module, libraries.CRYPTOGRAPHY, DOCKER, REQUESTS)
    assert module.said == {} and not DOCKER.is_missing


def test_all_that_are_missing_are_named_with_their_packages_and_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Module()
    monkeypatch.setitem(sys.modules, "requests", None)
    assert REQUESTS.is_missing and not DOCKER.is_missing
    with pytest.raises(Failed):
        libraries.require(module, DOCKER, REQUESTS)
    assert "the required Python library (requests (package python3-requests)) on " in module.said["msg"]
    assert module.said["msg"].endswith("A deploy installs what a server has not")
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(Failed):
        libraries.require(module, DOCKER, REQUESTS)
    assert "(docker (package python3-docker), requests (package python3-requests)) on " in module.said["msg"]
    assert "requests" in module.said["exception"] and "docker" in module.said["exception"]
    assert module.said["exception"].startswith("Traceback")


def test_nobody_words_it_anew() -> None:
    files = [path for path in PLUGINS.rglob("*.py") if path.name != "libraries.py"]
    assert files and [path.name for path in files if "missing_required_lib" in path.read_text()] == []
