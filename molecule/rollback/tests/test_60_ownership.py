"""Removing what nobody needs removes nothing that is not ours, of Docker or of the tree."""

from __future__ import annotations

import server
from operators import Deployer
from releases import Releases

FOREIGN = """
docker create --name somebodys --label com.docker.compose.project=another postgres:15
docker create --name one_off --label com.docker.compose.project=rarebooksdokploy --label com.docker.compose.oneoff=True postgres:15
docker tag postgres:15 rarebooksdokploy-backups:somebodys
docker tag postgres:15 old:unused
docker volume create somebodys
docker network create somebodys
mkdir /opt/rarebooks/backups/notes; echo mine > /opt/rarebooks/backups/notes/20200101_000000
echo mine > /opt/rarebooks/notes.txt
"""
CLEAN = """
docker rm somebodys one_off
docker rmi rarebooksdokploy-backups:somebodys old:unused
docker volume rm somebodys
docker network rm somebodys
rm -r /opt/rarebooks/backups/notes /opt/rarebooks/notes.txt
"""


def test_retention_removes_backups_with_their_images_and_nothing_else(releases: Releases, deploying: Deployer) -> None:
    server.shell(FOREIGN)
    before = server.state()
    done = deploying({**releases.variables["v3"], "stack_backup_databases": "off", "stack_backup_keep": 1, "stack_backup_keep_days": 0})
    assert done.code == 0
    gone = [name for name, (old, new) in server.difference(before, server.state()).items() if old is not None and new is None]
    ours = ("/opt/rarebooks/backups/2", "image ", "container /maymessenger_backend")
    assert gone and [name for name in gone if not name.startswith(ours)] == []
    images = [name for name in gone if name.startswith("image ")]
    assert images and [name for name in images if " rarebooksdokploy-backup:" not in name and " maymessenger_backend:" not in name] == []
    # The newest good one stays, and so do that of the live release and the newest dump of the messenger's database.
    assert 1 <= len(server.backups()) <= 4
    assert server.run("cat", "/opt/rarebooks/notes.txt", "/opt/rarebooks/backups/notes/20200101_000000") == "mine\nmine\n"
    server.shell(CLEAN)
