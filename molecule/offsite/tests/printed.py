"""The commands about repositories elsewhere, word for word; a unit test compares them with what is printed."""

from __future__ import annotations

SHOW = "ansible-playbook -i inventories/production offsite.yml"
SHOW_PASSWORD = "ansible-playbook -i inventories/production offsite.yml -e show_password=true"
SNAPSHOT = "ansible-playbook -i inventories/production offsite.yml -e operation=snapshot"
CHECK = "ansible-playbook -i inventories/production offsite.yml -e operation=check"
PRUNE = "ansible-playbook -i inventories/production offsite.yml -e operation=prune"
UNLOCK = "ansible-playbook -i inventories/production offsite.yml -e operation=unlock"
CHECK_PASSWORD = "ansible-playbook -i inventories/production offsite.yml -e check_password=WHAT-YOU-KEPT"
RESTORE = "ansible-playbook -i inventories/production restore_server.yml"
# With the new server's address, as any restore.
RESTORE_AHEAD = "ansible-playbook -i inventories/production restore_server.yml -e restore_ahead=true"
LIST = "ansible-playbook -i inventories/production backups.yml"
BACK = "ansible-playbook -i inventories/production rollback.yml -e rollback_to=20261124_083000"
DRILL = "ansible-playbook -i inventories/production offsite.yml -e operation=drill"
FETCH = "ansible-playbook -i inventories/production offsite.yml -e operation=fetch -e path=rarebooksdokploy_maymessenger_audio/a/voice"
FETCH_IN_PLACE = (
    "ansible-playbook -i inventories/production offsite.yml -e operation=fetch -e path=rarebooksdokploy_maymessenger_audio/a/voice "
    "-e in_place=true"
)
DATABASE_BESIDE = (
    "ansible-playbook -i inventories/production database.yml -e operation=restore -e database=maymessenger -e from=20261124_083000 "
    "-e beside=true"
)


def restore_time(moment: str) -> str:
    """Return the command that restores a moment beside what is live, with the space that people type."""
    return (
        f"ansible-playbook -i inventories/production database.yml -e operation=restore -e database=maymessenger -e restore_time='{moment}'"
    )


def exchange_time(database: str, moment: str) -> str:
    """Return the command that puts it in the place of what is live."""
    return (
        f"ansible-playbook -i inventories/production database.yml -e operation=restore -e database={database} "
        f"-e restore_time={moment} -e confirm={database}"
    )
