"""Count what visitors lose while a server is worked on: requests to both sites, downloads, and people who chat with the official client.

Each kind of deploy, its failures, the way back and what an operator does beside it is carried out while two constant rates of requests, a
slow download and pairs of SignalR clients go on. The last of them are the reference: what the same costs by hand with Docker Compose.
Nothing is asserted; a table is printed, and build/load.json written.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import bench

RATE = 60
PAIRS = int(os.environ.get("LOAD_PAIRS", "10"))
# hey's workers have this many requests a second each.
EACH = 10
SITES = {"shop": "https://rare-books.ru/api/test/setup-status", "messenger": "https://messenger.rare-books.ru/health"}
MESSENGER = "https://messenger.rare-books.ru"
DOWNLOAD = "/audio/load.bin"
MEGABYTES = 20
# A download takes ten seconds.
SLOW = "2M"
SIGNALR = bench.ROOT / "tests/integration/signalr"
BESIDE = {"stack_side_by_side": ["rarebooks", "maymessenger"], "stack_drain": 60, "proxy_auth_rate": 0}
# What goes on before and after, so that a change is seen in its own time.
AROUND = 2.0


class Crowd:
    """Pairs of people who chat with the official client."""

    def __init__(self, address: str, ca: str, invite: str) -> None:
        copy = bench.ROOT / "build/signalr"
        shutil.copytree(SIGNALR, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=copy, check=True)
        argv = ["node", "hub_crowd.mjs", "--url", MESSENGER, "--connect-to", address, "--ca", ca, "--pairs", str(PAIRS)]
        environment = os.environ | {"INVITE_CODE": invite, "NODE_NO_WARNINGS": "1"}
        self.process = subprocess.Popen(argv, cwd=copy, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline() or sys.exit("the crowd has ended")

    def report(self) -> dict[str, int]:
        """Return what has happened since the last report."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told: dict[str, int] = json.loads(self._line())
        return told

    def leave(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Downloads:
    """A slow download after the other, on the server itself."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def _go_on(self) -> None:
        command = f"curl --silent --output /dev/null --cacert /root/load-ca.pem --limit-rate {SLOW} {MESSENGER}{DOWNLOAD}; echo $?"
        while not self._over.is_set():
            self.codes[bench.on_server(command).strip()] += 1

    def __enter__(self) -> Downloads:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()


def prepare() -> None:
    """Have what asks, and something to load down."""
    bench.on_server(
        "apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends hey curl > /dev/null"
    )
    hosts = " ".join(re.findall(r"//([^/]+)", " ".join(SITES.values())))
    bench.on_server(f"echo 127.0.0.1 {hosts} >> /etc/hosts")
    volume = "/var/lib/docker/volumes/rarebooksdokploy_maymessenger_audio/_data"
    bench.on_server(f"head -c {MEGABYTES}000000 /dev/urandom > {volume}{DOWNLOAD.removeprefix('/audio')}; chmod 644 {volume}/load.bin")
    bench.on_server("cat /etc/letsencrypt/live/*/fullchain.pem > /root/load-ca.pem")


def answers(report: str) -> tuple[int, Counter[str]]:
    """Return how many requests hey counted, and what came of them, by status or the first words of an error."""
    found: Counter[str] = Counter()
    for status, count in re.findall(r"^\s+\[(\d+)\]\s+(\d+) responses", report, re.MULTILINE):
        found[status] += int(count)
    for count, error in re.findall(r"^\s+\[(\d+)\]\s+\w+ \"?https?://\S+ (.*)$", report, re.MULTILINE):
        found[error.strip()[-60:]] += int(count)
    return sum(found.values()), found


def during(name: str, event: Callable[[], object], crowd: Crowd) -> dict[str, object]:
    """Return what visitors saw of an event."""
    for site, url in SITES.items():
        asked = f"/usr/bin/hey -c {RATE // EACH} -q {EACH} -t 10 -z 3600s {url}"
        # Half the visitors come anew each time, half stay.
        for kind, more in (("new", "-disable-keepalive "), ("kept", "")):
            command = asked.replace("-z", f"{more}-z").replace(f"-c {RATE // EACH}", f"-c {RATE // EACH // 2}")
            bench.on_server(
                f"systemd-run --quiet --unit load-{site}-{kind} --property StandardOutput=file:/tmp/load-{site}-{kind} {command}"
            )
    crowd.report()
    with Downloads() as downloads:
        time.sleep(AROUND)
        began = time.monotonic()
        event()
        took = time.monotonic() - began
        time.sleep(AROUND)
    figures: dict[str, object] = {"event": name, "seconds": round(took, 1)}
    for site in SITES:
        total, found = 0, Counter[str]()
        for kind in ("new", "kept"):
            unit = f"load-{site}-{kind}"
            wait = f"systemctl kill --signal=INT {unit}; while systemctl is-active --quiet {unit}; do sleep 0.1; done; cat /tmp/{unit}"
            one, kinds = answers(bench.on_server(wait))
            total, found = total + one, found + kinds
        del found["200"]
        figures[site] = {"requests": total, "failed": sum(found.values()), "how": dict(found)}
    cut = sum(count for code, count in downloads.codes.items() if code != "0")
    return figures | {"downloads": sum(downloads.codes.values()), "downloads cut": cut, "chat": crowd.report()}


def row(figures: dict[str, object]) -> str:
    shop, messenger, chat = figures["shop"], figures["messenger"], figures["chat"]
    assert isinstance(shop, dict) and isinstance(messenger, dict) and isinstance(chat, dict)
    cells = [
        figures["event"],
        figures["seconds"],
        f"{shop['failed']} of {shop['requests']}",
        f"{messenger['failed']} of {messenger['requests']}",
        f"{figures['downloads cut']} of {figures['downloads']}",
        f"{chat['reconnects']} of {chat['clients']}",
        f"{chat['longestAway'] / 1000:.1f}",
        f"{chat['lost']}/{chat['twice']}/{chat['unknown']} of {chat['sent']}",
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


HEAD = """| event | s | shop failed | messenger failed | downloads cut | reconnects | longest away, s | messages lost/twice/unsure |
|---|---|---|---|---|---|---|---|"""


def version(number: int) -> dict[str, object]:
    return {**BESIDE, "maymessenger_extra_environment": {"DEMO_VERSION": str(number)}}


def shop(number: int) -> dict[str, object]:
    return {"rarebooks_extra_environment": {"DEMO_VERSION": str(number)}}


def may_fail(hosts: str, given: dict[str, object]) -> None:
    process = bench.playbook(hosts, *bench.variables(**given))
    output, _none = process.communicate()
    assert process.returncode == 2, output


def events(hosts: str) -> dict[str, Callable[[], object]]:
    """Return what is done to the server, in this order: each begins where the one before has left it."""

    def deploying(**given: object) -> Callable[[], object]:
        return lambda: bench.deploy(hosts, *bench.variables(**given))

    def playing(name: str, **given: object) -> Callable[[], object]:
        return lambda: bench.run("ansible-playbook", "--inventory", hosts, name, *bench.variables(**given))

    def by_hand(file: str) -> Callable[[], object]:
        return lambda: bench.on_server(f"cd /opt/rarebooks && echo LOAD=$RANDOM >> env/{file}.env && docker compose up --detach --build")

    last = {**version(2), **shop(1)}
    return {
        "nothing (reference)": lambda: time.sleep(20),
        "unchanged deploy": deploying(**version(0)),
        "another body size": deploying(**version(0), maymessenger_body_size="51m"),
        "new messenger, the first time": deploying(**version(1)),
        "new messenger": deploying(**version(2)),
        "new shop, the first time": deploying(**last),
        "new shop": deploying(**version(2), **shop(2)),
        "rollback of the shop": playing("rollback.yml"),
        "a messenger that dies": lambda: may_fail(hosts, {**version(3), **shop(1), **bench.release(51, DEMO_DIE_AT_START="3")}),
        "nginx reads its certificates again": lambda: bench.on_server("docker exec nginx_container nginx -s reload"),
        "rotated secrets of the messenger": playing("rotate_secrets.yml", app="maymessenger"),
        "new proxy": deploying(**last, proxy_http_port=8080),
        "Docker is restarted": lambda: bench.on_server("systemctl restart docker"),
        "by hand: new messenger": by_hand("maymessenger_backend"),
        "by hand: new shop": by_hand("rarebooks_backend"),
    }


def main() -> None:
    bench.tool("build_images")
    bench.tool("registry", "up")
    bench.tool("server", "down", bench.NAME)
    bench.tool("server", "up", bench.NAME)
    found = []
    try:
        hosts = bench.inventory()
        bench.deploy(hosts, *bench.variables(**version(0)))
        prepare()
        ca = Path(bench.FOLDER / "ca.pem")
        ca.write_text(bench.on_server("cat /root/load-ca.pem"))
        invite = bench.on_server(
            'docker exec db_maymessenger psql -U postgres -d maymessenger -Atc \'SELECT "Code" FROM "InviteLinks" LIMIT 1\''
        )
        address = bench.on_server("hostname -I").split()[0]
        crowd = Crowd(address, str(ca), invite.strip())
        print(HEAD, flush=True)
        for name, event in events(hosts).items():
            found.append(during(name, event, crowd))
            print(row(found[-1]), flush=True)
        crowd.leave()
    finally:
        bench.tool("server", "down", bench.NAME)
        result = bench.ROOT / "build/load.json"
        result.write_text(json.dumps(found, indent=2) + "\n")
    print(f"Written to {result.relative_to(bench.ROOT)}")


if __name__ == "__main__":
    main()
