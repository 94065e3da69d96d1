"""A process that ends at the worst moment: after its file in /proc was opened and before it is read."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import files


def end_between_open_and_read(monkeypatch: pytest.MonkeyPatch, process: subprocess.Popen[bytes]) -> None:
    """Let the next file that is opened there be one of a process that has ended and been reaped when it is read."""

    real = open

    def opened(*arguments: Any, **options: Any) -> Any:
        stream = real(*arguments, **options)
        process.kill()
        process.wait()
        return stream

    monkeypatch.setattr(files, "open", opened, raising=False)
