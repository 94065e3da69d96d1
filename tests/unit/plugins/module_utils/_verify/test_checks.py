# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Single checks, where a server would have to be broken in a way that a test cannot: clocks, published secrets, large tables, rules."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.sentence import say
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import OK, waiting
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import client
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.collation import Outdated
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal, stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Release, Secret
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import (
    collations,
    databases,
    endpoints,
    files,
    logs,
    machine,
    ports,
    security,
    volumes,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.finding import Finding, passed
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.observed import Observed
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.trusting import Trusting


def observed(environments: dict[str, dict[str, str]] | None = None, **settings: Any) -> Observed:
    containers = {
        name: {"Config": {"Env": [f"{key}={value}" for key, value in one.items()], "Labels": {"com.docker.compose.service": f"db_{name}"}}}
        for name, one in (environments or {}).items()
    }
    app = App(name="shop", containers=tuple(containers), databases=(Database(container="books", name="Books", user="postgres"),))
    nothing: Any = SimpleNamespace()
    return Observed(Settings("/x", "shop", "/x/s", **settings), nothing, nothing, Release(apps=(app,)), containers, [])


@pytest.mark.parametrize(("seconds", "level"), [(0, "passed"), (20, "passed"), (40, "failed"), (-40, "failed")])
def test_a_clock_is_compared_with_the_controllers(monkeypatch: pytest.MonkeyPatch, seconds: float, level: str) -> None:
    monkeypatch.setattr(machine, "contained", lambda: True)
    (found,) = machine.clock(observed(now=datetime.now(timezone.utc).timestamp() - seconds))
    assert found.level == level
    assert level == "passed" or f"{seconds:+d} s off" in str(found.text)


def test_a_clock_that_nobody_sets_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "contained", lambda: False)
    monkeypatch.setattr(machine, "said", lambda _argv: "no")
    (found,) = machine.clock(observed())
    assert found.level == "warning"


def test_a_published_secret_in_force_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "is_published", lambda value: value == "burned")
    inside = "Host=x;Password=burned"
    found = list(security.published(observed({"backend": {"Jwt__Key": "burned", "Fine": "own", "ConnectionStrings__BooksDb": inside}})))
    assert [(one.subject, one.level) for one in found] == [("backend", "failed")] * 2
    assert ["Jwt__Key" in str(found[0].text), "ConnectionStrings__BooksDb" in str(found[1].text)] == [True, True]
    (well,) = security.published(observed({"backend": {"Jwt__Key": "own"}}))
    assert well.level == "passed"


@pytest.mark.parametrize(
    ("stored", "first", "step"),
    [
        ({"shop_jwt": "burned"}, False, "Rotate it: ansible-playbook rotate_secrets.yml -e secret=shop_jwt"),
        ({"shop_jwt": "burned"}, True, "The app read it at its first start: change it in the app."),
        ({"shop_jwt": "own"}, False, "Give another one, or none, then: ansible-playbook deploy.yml"),
        ({"of_nobody": "burned"}, False, "Give another one, or none, then: ansible-playbook deploy.yml"),
    ],
)
def test_a_published_secret_is_rotated(monkeypatch: pytest.MonkeyPatch, stored: dict[str, str], first: bool, step: str) -> None:
    monkeypatch.setattr(security, "is_published", lambda value: value == "burned")
    server = observed({"backend": {"Url": "Host=x;Password=burned"}})
    app = replace(server.release.apps[0], secrets=(Secret(name="shop_jwt", at_first_start=first),))
    (found,) = security.published(replace(server, release=Release(apps=(app,)), secrets=stored))
    assert str(found.next) == step


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (365, ["not changed for 365 days or longer: shop_db, shop_jwt"]),
        (366, ["not changed for 400 days or longer: shop_db"]),
        (401, []),
        (0, []),
    ],
)
def test_secrets_that_stay_the_same_are_told_by_app(monkeypatch: pytest.MonkeyPatch, days: int, told: list[str]) -> None:
    server = observed(secret_days=days)
    ages = {"shop_db": 400, "shop_jwt": 365, "shop_young": 3, "shop_admin": 400, "of_nobody": 400}
    since = {name: server.began - timedelta(days=age, seconds=1) for name, age in ages.items()}
    monkeypatch.setattr(security.secret_store, "since", lambda path: since if path == "/x/s" else {})
    named = [Secret(name=name, at_first_start=name == "shop_admin") for name in ages if name != "of_nobody"]
    app = replace(server.release.apps[0], title="Shop", secrets=(*named, Secret(name="shop_not_made_yet")))
    found = [one.said() for one in security.aged(replace(server, release=Release(apps=(app,))))]
    step = "Rotate them when its users may be asked to log in again: ansible-playbook rotate_secrets.yml -e app=shop"
    wanted = [("security", "Shop", "warning", text, step) for text in told]
    assert [tuple(one[key] for key in ("area", "subject", "level", "text", "next")) for one in found] == wanted


def test_tokens_are_forged_as_anybody_could(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "keys_in", lambda _server, name: ["from the image"] if name == "backend" else [])
    forged = security.forged(observed({"backend": {"Jwt__Issuer": "us", "Jwt__Audience": "them"}, "db": {}}))
    assert [str(kind) for kind, _token in forged] == [
        "signed with the key that the image of backend brings",
        "signed with a key that nobody has",
        "without a signature",
        "signed with an empty key",
    ]
    header, claims, signature = forged[2][1].split(".")
    decoded = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)]
    assert decoded[0]["alg"] == "none" and (decoded[1]["iss"], decoded[1]["aud"]) == ("us", "them") and signature == ""
    assert len({token for _kind, token in forged}) == 4


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("Host=books;Database=Books;Password=p", ("postgres", "p")),
        ("Server=db_books;Database=Books;User Id=u;Password=p=1", ("u", "p=1")),
        ("Host=books;Database=Books;Password='a;b=c'; Username=u", ("u", "a;b=c")),
        ('Host=books;Password="a;\'b\'""";Database=Books', ("postgres", "a;'b'\"")),
        ("Host=books;Database=Books;Password=p' ;Pooling=true", ("postgres", "p'")),
        ("Host=other;Database=Books;Password=p", ("postgres", "first")),
        ("", ("postgres", "first")),
    ],
)
def test_a_database_is_opened_as_its_app_opens_it(statement: str, expected: tuple[str, str]) -> None:
    server = observed({"books": {"POSTGRES_PASSWORD": "first"}, "backend": {"ConnectionStrings__BooksDb": statement}})
    ((app, database),) = server.databases
    assert databases.credentials(server, app, database) == expected


@pytest.mark.parametrize(
    ("schema", "counted", "then", "sealed", "level", "told"),
    [
        ("3", {"public.A": 2, "public.B": 0}, "3", {"public.A": 1}, "passed", "2 tables, 2 rows"),
        ("3", {"public.A": databases.BOUND}, "", {}, "passed", "more than 10000 rows"),
        ("", {}, "", {}, "failed", "expected a schema"),
        ("3", {"public.A": 2}, "3", {"public.A": 1, "public.B": 0}, "failed", "none called public.B"),
        # A migration has dropped it since.
        ("4", {"public.A": 2}, "3", {"public.A": 1, "public.B": 0}, "passed", "1 tables, 2 rows"),
        ("3", {"public.A": 0}, "3", {"public.A": 7}, "failed", "7 of them in backup b"),
        ("4", {"public.A": 0}, "3", {"public.A": 7}, "failed", "7 of them in backup b"),
        ("3", {"public.A": 0}, "3", {"public.A": 0}, "passed", "0 rows"),
        # It had one, which is gone.
        ("", {"public.A": 2}, "3", {"public.A": 2}, "failed", "expected a schema"),
        # Not made with Entity Framework: nobody knows of a schema.
        ("", {"public.A": 2}, "", {"public.A": 1}, "passed", "1 tables, 2 rows"),
        ("", {"public.A": 2}, "", {"public.A": 1, "public.B": 0}, "failed", "none called public.B"),
    ],
)
def test_what_is_in_a_database(schema: str, counted: dict[str, int], then: str, sealed: dict[str, int], level: str, told: str) -> None:
    found = databases.contents("Books", schema, counted, databases.Sealed("b", then, sealed), versioned=False)
    assert found.level == level and told in str(found.text)


def test_a_database_whose_schema_is_asked_for_has_one() -> None:
    found = databases.contents("Books", "", {"public.A": 2}, databases.Sealed(), versioned=True)
    assert found.level == "failed" and "expected a schema" in str(found.text)


def test_one_that_cannot_be_asked_hides_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def look(_server: Observed, _app: App, database: Database, _sealed: databases.Sealed) -> Iterator[Finding]:
        yield passed("databases", database.name, say("is there"))
        if database.name == "Books":
            raise client.DatabaseError("Books", "psql failed", "exit code 0", "a timeout", "Look.")

    monkeypatch.setattr(databases, "look", look)
    server = observed()
    both = (server.release.apps[0].databases[0], Database(container="users", name="Users", user="postgres"))
    server = replace(
        server,
        settings=replace(server.settings, path=str(tmp_path)),
        release=Release(apps=(replace(server.release.apps[0], databases=both),)),
    )
    found = list(databases.check(server))
    assert [(one.subject, one.level) for one in found] == [("Books", "passed"), ("Books", "failed"), ("Users", "passed")]
    assert "got a timeout" in str(found[1].text) and str(found[1].next) == "docker logs --tail 50 books"


@pytest.mark.parametrize("alive", [False, True])
def test_a_switch_that_goes_on_was_not_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alive: bool) -> None:
    def inspect(place: lease.Place) -> None:
        if alive:
            raise lease.LeaseHeld(place, lease.Lease(Run("t", "deploy"), "switching", "boot", 0, 0), 1)

    monkeypatch.setattr(files.lease, "inspect", inspect)
    journal.write(str(tmp_path), journal.Journal(Run("t").to_dict(), ""))
    server = observed()
    found = list(files.check(replace(server, settings=replace(server.settings, path=str(tmp_path)))))
    assert (journal.FILE in [one.subject for one in found]) is not alive


def test_counting_has_a_bound() -> None:
    assert f"LIMIT {databases.BOUND}" in databases.COUNT


def test_rules_of_a_packet_filter_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = """-P PREROUTING ACCEPT
-A DOCKER ! -i br-1 -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.18.0.2:443
-A DOCKER -d 127.0.0.1/32 ! -i br-1 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.18.0.3:9000
-A PREROUTING -p tcp -m tcp --dport 15432 -j DNAT --to-destination 172.18.0.9:5432
-A POSTROUTING -s 172.18.0.0/16 ! -o br-1 -j MASQUERADE
"""
    monkeypatch.setattr(ports, "execute", lambda argv, **_rest: (0, rules if argv[0] == "iptables" else "", ""))
    assert list(ports.forwarded()) == [(443, "172.18.0.2:443"), (15432, "172.18.0.9:5432")]


@pytest.mark.parametrize(("address", "public"), [("0.0.0.0", True), ("::", True), ("127.0.0.1", False), ("::1", False), ("", True)])
def test_addresses_that_only_the_server_reaches_are_not_public(address: str, public: bool) -> None:
    assert ports.is_public(address) is public


def test_a_run_at_work_is_named_and_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    held = lease.Lease(Run("t", "deploy", by="alice@laptop"), "pulling images", "boot", 0, 0)

    def inspect(place: lease.Place) -> None:
        raise lease.LeaseHeld(place, held, 1)

    monkeypatch.setattr(machine, "inspect", inspect)
    (found,) = machine.work(observed())
    assert found.level == "passed" and "alice@laptop" in str(found.text) and "pulling images" in str(found.text)


@pytest.mark.parametrize(
    ("result", "minutes_ago", "expected"),
    [("deployed", 3, 3), ("restored", 3, 3), ("unchanged", 3, 15), ("refused", 3, 15), ("deployed", 60, 15)],
)
def test_errors_count_from_the_last_proven_release_on(
    monkeypatch: pytest.MonkeyPatch, result: str, minutes_ago: int, expected: int
) -> None:
    server = observed()
    ended = (server.began - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    monkeypatch.setattr(logs.ledger, "read", lambda _root: ([{"result": result, "ended": ended}], 0))
    assert round((server.began - logs.beginning(server)).total_seconds() / 60) == expected


@pytest.mark.parametrize(("answers", "expected", "asked"), [("+", "ok", 1), ("-+", "ok", 2), ("--", "waiting", 2)])
def test_one_slow_answer_is_no_failure(monkeypatch: pytest.MonkeyPatch, answers: str, expected: str, asked: int) -> None:
    monkeypatch.setattr(endpoints, "PATIENCE", 0)
    left = [OK if one == "+" else waiting("no answer") for one in answers]
    probe: Any = SimpleNamespace(check=lambda: left.pop(0))
    assert endpoints.asked(probe).verdict == expected and len(answers) - len(left) == asked


@pytest.mark.parametrize(
    ("plain", "forged", "levels"),
    [
        ("ok", "ok", ["passed"]),
        ("ok", "status 200 instead of 401", ["failed"]),
        ("status 503 instead of 401", "status 503 instead of 401", []),
    ],
)
def test_an_app_that_does_not_answer_has_not_taken_a_forged_token(
    monkeypatch: pytest.MonkeyPatch, plain: str, forged: str, levels: list[str]
) -> None:
    def probe(check: HttpCheck, *rest: Any) -> Any:
        said = forged if len(rest) == 5 else plain
        return SimpleNamespace(check=lambda: OK if said == "ok" or ("503" in said and 503 in check.status) else waiting(said))

    monkeypatch.setattr(security, "HttpProbe", probe)
    check = HttpCheck(url="https://shop.example/api", status=(401,))
    found = list(security.asked(observed(), Trusting(ssl.create_default_context(), None, ()), check))
    assert [one.level for one in found] == levels


def test_of_an_app_that_was_stopped_on_purpose_nothing_is_expected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    books = {"Id": "1", "State": {"Status": "exited"}, "Config": {"Env": [], "Labels": {}}}
    app = App(
        name="shop",
        containers=("books",),
        databases=(Database(container="books", name="Books", user="postgres"),),
        probes=(HttpCheck(url="https://shop.example/"),),
    )
    nothing: Any = SimpleNamespace()
    server = Observed(Settings(str(tmp_path), "shop", "/x/s"), nothing, nothing, Release(apps=(app,)), {"books": books}, [])
    monkeypatch.setattr(Observed, "state", lambda _self, _name: SimpleNamespace(status="exited"))
    monkeypatch.setattr(endpoints, "asked", lambda _probe: waiting("status 503"))
    monkeypatch.setattr(endpoints, "trusting", lambda _release: Trusting(ssl.create_default_context(), None, ()))

    def levels() -> list[str]:
        return [one.level for one in [*endpoints.check(server), *databases.look(server, app, app.databases[0], databases.Sealed())]]

    assert levels() == ["failed", "failed"]
    stopped.note(str(tmp_path), {"books": stopped.Stopped("alice", "2026-11-26", "1")})
    assert levels() == ["warning", "warning"]


def test_a_program_that_hangs_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_argv: Any, **_rest: Any) -> Any:
        raise subprocess.TimeoutExpired("systemctl", 5)

    monkeypatch.setattr(machine, "execute", hang)
    monkeypatch.setattr(ports, "execute", hang)
    assert list(machine.units()) == list(ports.forwarded()) == []


@pytest.mark.parametrize("kind", ["timer", "path"])
def test_a_unit_that_starts_another_and_is_off_is_named(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    shown = "Id=rarebooks-notify.{0}\nUnitFileState={1}\nActiveState={2}\nResult=success\n\nId=rarebooks-notify.service\nUnitFileState=static\nActiveState=inactive\nResult=success"  # noqa: E501
    states = iter([("enabled", "active"), ("disabled", "active"), ("enabled", "inactive")])

    def found() -> list[tuple[str, str]]:
        said = {"list-unit-files": f"rarebooks-notify.{kind} x\nrarebooks-notify.service x", "show": shown.format(kind, *next(states))}
        monkeypatch.setattr(machine, "said", lambda argv: said[argv[1]])
        return [(one.subject, one.level) for one in machine.units() if one.level != "passed"]

    assert found() == []
    assert found() == found() == [(f"rarebooks-notify.{kind}", "failed")]


def test_the_last_proven_run_counts_and_none_after_it(tmp_path: Path) -> None:
    """A refused deploy writes into the ledger as well: a volume that was emptied before it would pass for the release's own."""
    assert volumes.proven_at(str(tmp_path)) == 0
    for number, release in enumerate(("", "digest", "", "")):
        run = Run(str(number), started=f"2026-11-24T20:0{number}:00Z")
        ledger.append(str(tmp_path), ledger.entry(run, "deployed" if release else "refused", 1.0, release=release))
    os.utime(tmp_path / ledger.FILE, (10000, 10000))
    assert volumes.proven_at(str(tmp_path)) == 10000 - 120


@pytest.mark.parametrize(
    ("found", "said", "next_step"),
    [
        (None, "", ""),
        (
            Outdated("Books", "2.36", "2.41"),
            "by version 2.41 of a library, and its indexes were built by 2.36",
            "Build them anew: ansible-playbook upgrade_database.yml -e app=shop -e to=15",
        ),
        (Outdated("Books", "2.36", ""), "of another kind (?) than its indexes were built by (2.36)", "Use an image of the kind of before"),
    ],
)
def test_indexes_of_another_order_are_told_with_the_command(
    monkeypatch: pytest.MonkeyPatch, found: Outdated | None, said: str, next_step: str
) -> None:
    server = observed()
    ((app, database),) = server.databases
    monkeypatch.setattr(collations.collation, "outdated", lambda *_database: found)
    monkeypatch.setattr(collations.postgres_client, "query", lambda *_what: [["150012"]])
    got = list(collations.check(server, app, client.Database(database.container, database.name, database.user)))
    assert [one.level for one in got] == ["warning"] * bool(found)
    for one in got:
        assert said in str(one.text) and str(one.next).startswith(next_step)
