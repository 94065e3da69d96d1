"""What tests of several modules start from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand_made import HandMade


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> HandMade:
    machine = HandMade(tmp_path, monkeypatch, capsys)
    machine.image(1)
    return machine
