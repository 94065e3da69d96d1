"""Two people deploy at once: one goes on, the other is told who, from where, since when and how far."""

from __future__ import annotations

import getpass
import re
import socket

from controllers import Controlling, live_version, version


def test_exactly_one_proceeds(controller: Controlling) -> None:
    runs = [controller(version(number)) for number in (501, 502)]
    ends = [run.end() for run in runs]
    assert sorted(code for code, _output in ends) == [0, 2], ends
    (loser,) = (output for code, output in ends if code == 2)
    message = " ".join(loser.split())
    holder = f"{getpass.getuser()}@{socket.gethostname()}"
    assert re.search(rf"is held by another run: deploy by {re.escape(holder)}, started 20\S+Z, .*now at: \S", message), loser
    assert "This run has changed nothing." in message
    (winner,) = (number for number, (code, _output) in zip((501, 502), ends, strict=True) if code == 0)
    assert live_version() == str(winner)
