"""Without a repository in the inventory a deploy removes what brought snapshots there, but for the password, and says what that means."""

from __future__ import annotations

import server
from deployment import deploy


def test_what_is_not_wanted_any_more_goes_and_the_password_stays() -> None:
    done = deploy({"stack_offsite_repository": []})
    assert done.code == 0
    assert "Data and backups are on this server alone" in " ".join(done.output.split())
    assert server.run("sh", "-c", "ls /etc/systemd/system | grep rarebooks-offsite || true") == ""
    assert server.run("ls", "/etc/rarebooks.platform/offsite").split() == ["password"]
    again = deploy({"stack_offsite_repository": []}, "--check")
    assert (again.code, again.recap()["changed"]) == (0, 0)
    # Nothing of it is there, and check mode tells what would be, without a unit that could be asked.
    back = deploy({}, "--check", "--diff")
    assert back.code == 0
    assert "rarebooks-offsite.timer" in back.output
    assert "PRIVATE KEY" not in back.output
