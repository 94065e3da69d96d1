"""Sources of which no image comes, or one that cannot start: the deploy says why, and the sites serve on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import server
import sources
from operators import Deployer
from visitor import Visitor

DOCKERFILE = (sources.SOURCE / "Dockerfile").read_text()
FAILING_BUILD = "RUN for number in $(seq 30); do echo Restored project $number; done; echo error NU1101: no such package; exit 7\n"
START_BY_SCRIPT = 'COPY start.sh start.sh\nRUN chmod 0755 start.sh\nENTRYPOINT ["/app/start.sh"]\n'
START = "#!/bin/sh\nexec python3 -m maymessenger.api\n"


def test_a_build_that_fails(deploying: Deployer, visitor: Callable[[], Visitor], tmp_path: Path) -> None:
    source = sources.changed(tmp_path / "source", {"Dockerfile": DOCKERFILE + FAILING_BUILD})
    before = server.release()
    with visitor() as somebody:
        done = deploying({"maymessenger_backend_source": source})
    somebody.assert_served(at_least=10)
    assert done.code == 2
    what, now, *lines = done.message().splitlines()
    assert re.match(r"Image maymessenger_backend:[0-9a-f]{12}: expected its build from /opt/rarebooks/\S+ to succeed, got: ", what)
    assert what.endswith("exit code: 7")
    assert now.startswith("Nothing that runs has been changed. Mend the source")
    assert len(lines) == 20 and all(line.startswith("  | ") for line in lines)
    assert any(line.endswith("error NU1101: no such package") for line in lines)
    assert server.difference(before, server.release()) == {}
    entry = server.ledger()[-1]
    assert (entry["result"], entry["error"]) == ("failed", what)


def test_a_start_script_with_line_ends_of_windows(deploying: Deployer, visitor: Callable[[], Visitor], tmp_path: Path) -> None:
    files = {"Dockerfile": DOCKERFILE + START_BY_SCRIPT, "start.sh": START.replace("\n", "\r\n")}
    source = sources.changed(tmp_path / "source", files)
    before = server.release()
    with visitor() as somebody:
        done = deploying({"maymessenger_backend_source": source}, "-v")
    somebody.assert_served(at_least=20)
    assert done.code == 2
    # Foretold before anything is built, then seen.
    assert "expected scripts with line ends of Unix, got those of Windows (CRLF) in start.sh." in " ".join(done.output.split())
    (gate,) = (result for result in done.results() if "failed_fast" in result)
    assert gate["failed_fast"] and "because waiting cannot help maymessenger_backend: " in gate["msg"]
    assert "Likely cause: its start script has the line ends of Windows (CRLF), or " in gate["msg"]
    assert "The release that ran before is back and was proven in " in gate["msg"]
    assert server.difference(before, server.release()) == {}
