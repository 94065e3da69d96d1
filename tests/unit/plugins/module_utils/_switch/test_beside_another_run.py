"""Whether another run is at work, beside which check mode reads."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.run import is_busy


def test_the_holder_of_the_lease_is_another_run_unless_it_is_this_one(tmp_path: Path) -> None:
    place = lease.Place(str(tmp_path), str(tmp_path / "leases"))

    def busy(token: str) -> bool:
        return is_busy(SimpleNamespace(place=place, run=Run(token)))  # type: ignore[arg-type]

    assert not busy("one")
    lease.take(place, Run("one"), "images")
    assert busy("two") and not busy("one")
    Path(place.file("one")).unlink()  # Its controller has died.
    assert not busy("two")
