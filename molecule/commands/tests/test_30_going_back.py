"""Going back by the commands that README and messages print, each message's command typed as it was printed."""

from __future__ import annotations

import pytest
import server
from printed import BACK, BACK_TO, WITH_DATABASES
from terminal import as_documented, commands_of, type_in

RESTORE = "-e rollback_restore_database=true"


@pytest.fixture(scope="module")
def there() -> str:
    """The backup of the release before: going back to it and undoing that, each by a printed line."""
    done = type_in(BACK)
    assert done.code == 0
    (undo,) = commands_of(done)
    identifier = server.backups()[-1]
    assert as_documented(undo, identifier) == BACK_TO
    before = server.release()
    assert type_in(undo).code == 0
    assert server.difference(before, server.release()) != {}
    return server.backups()[-1]


def test_a_rollback_is_undone_by_the_line_it_prints(there: str) -> None:
    assert there in server.backups()


@pytest.mark.parametrize("confirm", ["", " -e rollback_confirm=false"])
def test_databases_are_restored_by_the_line_that_the_refusal_prints(there: str, confirm: str) -> None:
    done = type_in(f"{BACK_TO} {RESTORE}{confirm}", there)
    assert done.code == 2 and "rollback_restore_database: expected rollback_confirm=true beside it, got none." in done.message()
    (line,) = commands_of(done)
    assert as_documented(line, there) == WITH_DATABASES
    if confirm:
        restored = type_in(line)
        assert restored.code == 0 and "Databases: restored from the backup" in restored.output
