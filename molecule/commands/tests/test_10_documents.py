"""What the documents print is typed as it stands there, and works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import server
from deployment import ROOT
from printed import ADOPT, ASK_HOW_TO_PACK, DEPLOY, ISSUE, LOOK, ON_THE_SERVER, PACK, RENEW, TAKE_OVER
from terminal import as_documented, commands_of, type_in


@pytest.mark.parametrize("line", [*LOOK, TAKE_OVER])
def test_commands_that_change_nothing(line: str) -> None:
    before = server.release()
    done = type_in(line)
    assert (done.code, done.recap()["changed"]) == (0, 0)
    assert server.difference(before, server.release()) == {}
    # On one screen, with the counts at its end.
    assert line != DEPLOY or (len(done.output.splitlines()) <= 25 and " : ok=" in done.output.splitlines()[-1])


@pytest.fixture
def _no_inventory() -> Iterator[None]:
    yield
    shutil.rmtree(ROOT / "inventories/shop", ignore_errors=True)


@pytest.mark.usefixtures("_no_inventory")
def test_an_inventory_is_written_and_never_over_another_one() -> None:
    before = server.release()
    done = type_in(ADOPT)
    assert (done.code, done.recap()["changed"]) == (0, 0) and server.difference(before, server.release()) == {}
    assert (ROOT / "inventories/shop/group_vars/rarebooks/main.yml").is_file()
    again = type_in(ADOPT)
    assert again.code == 2 and "adopt_write_to: expected a directory that does not exist yet, got " in again.message()


def test_the_source_is_packed(tmp_path: Path) -> None:
    source = tmp_path / "may_messenger"
    shutil.copytree(ROOT / "demo/apps/maymessenger", source, ignore=shutil.ignore_patterns("__pycache__"))
    asked = type_in(ASK_HOW_TO_PACK)
    assert asked.code == 2 and PACK.replace("DIRECTORY", "~/src/may_messenger_backend") in asked.output
    done = type_in(PACK, directory=str(source))
    assert done.code == 0 and (tmp_path / "may_messenger.zip").is_file()


@pytest.mark.parametrize("line", ON_THE_SERVER)
def test_commands_on_the_server(line: str) -> None:
    # Compose tells what it does on the other stream.
    assert server.run("sh", "-c", f"cd /opt/rarebooks && {line} 2>&1")


def test_certificates_of_the_local_ca_are_issued_by_the_line_that_the_refusal_prints() -> None:
    serial = ["openssl", "x509", "-noout", "-serial", "-in", "/etc/letsencrypt/live/rare-books.ru/fullchain.pem"]
    before = server.run(*serial)
    done = type_in(RENEW)
    assert done.code == 2 and "expected certificates that certbot has ordered, got none" in done.message()
    (line,) = commands_of(done)
    assert as_documented(line, "") == ISSUE
    assert type_in(line).code == 0
    assert server.run(*serial) != before
