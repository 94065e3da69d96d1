"""Measure snapshots elsewhere: what they take and add by size, what requests notice of one, and how long a bare server takes to serve.

BENCH_GB names the sizes, of rows and of pictures each. The figures stand beside what copying the same bytes costs on the same disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

SIZES = [float(one) for one in os.environ.get("BENCH_GB", "0.1 1").split()]
REPOSITORY = "/srv/rarebooks-snapshots"
PICTURES = "/var/lib/docker/volumes/rarebooksdokploy_maymessenger_audio/_data"
SERVICE = "rarebooks-offsite.service"
# Text that neither PostgreSQL nor restic makes much smaller, two rows on each page.
ROWS = """INSERT INTO bench_rows
SELECT string_agg(md5(random()::text), '') FROM generate_series(1, {count}) n, generate_series(1, 126) GROUP BY n"""
CHUNK = 25_000
BYTES_OF_A_ROW = 4032
# Requests a second, and for how long: enough for a hundredth of them to be some.
REQUESTS = "/usr/bin/hey -c 2 -q 15 -z {seconds}s -disable-keepalive https://messenger.rare-books.ru/health"
SITE = "messenger.rare-books.ru"
IDLE_SECONDS = 20
REPORT = "/tmp/bench-requests"
UNTIL_OVER = "while systemctl is-active --quiet bench-requests; do sleep 0.1; done"

Run = Callable[[str], str]


def psql(on_server: Run, statement: str) -> str:
    return on_server(f'docker exec db_maymessenger psql -qAt -U postgres -d maymessenger -c "{statement}"').strip()


def prepare(on_server: Run) -> None:
    """Have what asks requests, on the server itself: it is to notice the snapshot, not the network."""
    on_server("apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends hey > /dev/null")
    on_server(f"echo 127.0.0.1 {SITE} >> /etc/hosts")


def fill(on_server: Run, gigabytes: float) -> None:
    """Have so many GB of rows, and as many of pictures."""
    wanted = int(gigabytes * 1e9)
    psql(on_server, "CREATE TABLE IF NOT EXISTS bench_rows (text text); ALTER TABLE bench_rows ALTER text SET STORAGE PLAIN")
    missing = wanted // BYTES_OF_A_ROW - int(psql(on_server, "SELECT count(*) FROM bench_rows"))
    while missing > 0:
        psql(on_server, ROWS.format(count=min(missing, CHUNK)))
        missing -= CHUNK
    numbers = f"$(seq {wanted // 1_000_000})"
    on_server(f"cd {PICTURES}; for n in {numbers}; do [ -e bench-$n ] || head -c 1000000 /dev/urandom > bench-$n; done")


def percentile(report: str) -> float:
    """Return hey's 99th percentile in seconds."""
    found = re.search(r"99% in ([0-9.]+) secs", report)
    return float(found.group(1)) if found else -1


def requests_for(seconds: int) -> str:
    return REQUESTS.format(seconds=seconds)


def snapshot(on_server: Run) -> tuple[float, float]:
    """Make a snapshot as the timer does; return how long it took, and how long processors worked on it."""
    took = on_server(f"date +%s.%N; systemctl start {SERVICE}; date +%s.%N").split()
    # What the unit's group has used is told when it ends, and gone then.
    words = on_server(f"journalctl --unit {SERVICE} --lines 30 --output cat | sed -n 's/.*Consumed \\(.*\\) CPU time.*/\\1/p' | tail -n 1")
    used = re.search(r"μs: (\d+)", on_server(f"systemd-analyze timespan '{words.strip()}'")) if words.strip() else None
    return float(took[1]) - float(took[0]), int(used.group(1)) / 1e6 if used else -1


def size_of_repository(on_server: Run) -> int:
    return int(on_server(f"du -sb {REPOSITORY}").split()[0])


def by_size(on_server: Run, gigabytes: float) -> dict[str, float]:
    """Return the figures of one size."""
    fill(on_server, gigabytes)
    name = f"snapshot of {gigabytes:g} GB of rows and {gigabytes:g} GB of pictures"
    copied = on_server(f"date +%s.%N; cp -r {PICTURES} /srv/bench-copy; sync; date +%s.%N; rm -r /srv/bench-copy").split()
    idle = percentile(on_server(requests_for(IDLE_SECONDS)))
    on_server(f"systemd-run --quiet --unit bench-requests --property StandardOutput=file:{REPORT} {requests_for(3600)}")
    first, processor = snapshot(on_server)
    busy = percentile(on_server(f"systemctl kill --signal=INT bench-requests; {UNTIL_OVER}; cat {REPORT}"))
    before = size_of_repository(on_server)
    second, _processor = snapshot(on_server)
    added = size_of_repository(on_server) - before
    return {
        name: first,
        "  processor": processor,
        "  the same again, nothing changed": second,
        "  reference: cp -r of the pictures": float(copied[1]) - float(copied[0]),
        "  p99 of requests, idle": idle,
        "  p99 of requests meanwhile": busy,
        "  added by the second (percent)": 100 * added / (2 * gigabytes * 1e9),
    }


def measure(on_server: Run) -> dict[str, float]:
    """Return the figures of each size, and of a drill of the largest."""
    prepare(on_server)
    figures: dict[str, float] = {}
    for gigabytes in SIZES:
        found = by_size(on_server, gigabytes)
        title = next(iter(found))
        figures |= {name if name == title else f"{gigabytes:g} GB:{name}": value for name, value in found.items()}
    took = on_server("date +%s.%N; systemctl start rarebooks-drill.service; date +%s.%N").split()
    return figures | {f"drill of {SIZES[-1]:g} GB of rows and {SIZES[-1]:g} GB of pictures": float(took[1]) - float(took[0])}
