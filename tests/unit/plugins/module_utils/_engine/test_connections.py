"""What a container still serves, from tables as the kernel prints them."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import connections

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 100 0 0 10 0\n"
LISTENS = f"   0: 00000000:1388 00000000:0000 0A {REST}"
LISTENS6 = f"   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A {REST}"
VISITOR = f"   1: 030012AC:1388 020012AC:9C40 01 {REST}"
VISITOR6 = f"   1: 0000000000000000FFFF0000030012AC:0050 0000000000000000FFFF0000020012AC:9C40 01 {REST}"
DATABASE = f"   2: 030012AC:D431 040012AC:1538 01 {REST}"
OWN_PROBE = f"   3: 0100007F:1388 0100007F:9C41 01 {REST}"
OWN_PROBE6 = f"   3: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:9C41 01 {REST}"
ENDING = f"   4: 030012AC:1388 020012AC:9C42 06 {REST}"


@pytest.mark.parametrize(
    ("tcp", "tcp6", "count"),
    [
        ([LISTENS, VISITOR], [], 1),
        ([], [LISTENS6, VISITOR6, VISITOR6], 2),
        ([LISTENS, DATABASE, OWN_PROBE, ENDING], [LISTENS6, OWN_PROBE6], 0),
        ([VISITOR], [], 0),
    ],
)
def test_connections_of_visitors_count(monkeypatch: pytest.MonkeyPatch, tcp: list[str], tcp6: list[str], count: int) -> None:
    tables = {"/proc/7/net/tcp": HEADER + "".join(tcp), "/proc/7/net/tcp6": HEADER + "".join(tcp6)}
    monkeypatch.setattr(connections, "read_proc", tables.__getitem__)
    assert connections.served(7) == count


def test_a_process_that_has_ended_serves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "read_proc", lambda _path: "")
    assert connections.served(7) == 0
