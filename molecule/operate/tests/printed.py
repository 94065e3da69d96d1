"""The commands of the runbook and of what operating playbooks print, word for word; a unit test compares them with what is printed."""

from __future__ import annotations

VERIFY = "ansible-playbook -i inventories/production verify.yml"
VERIFY_REPORTS = "ansible-playbook -i inventories/production verify.yml -e verify_report_dir=~/reports"
VERIFY_JSON = "ansible-playbook -i inventories/production verify.yml -e verify_format=json"
VERIFY_PUBLIC = "ansible-playbook -i inventories/production verify.yml -e verify_public=true"
LOGS = "ansible-playbook -i inventories/production logs.yml"
LOGS_HOUR = "ansible-playbook -i inventories/production logs.yml -e logs_since=1h"
LOGS_OF = "ansible-playbook -i inventories/production logs.yml -e logs_app=maymessenger -e logs_since=1d"
LOGS_LINES = "ansible-playbook -i inventories/production logs.yml -e logs_app=proxy -e logs_lines=100"
LOGS_FOLLOW = "ansible-playbook -i inventories/production logs.yml -e logs_app=maymessenger_backend -e logs_follow=30s"
LOGS_FAIL = "ansible-playbook -i inventories/production logs.yml -e logs_fail_on=error"
STATUS = "ansible-playbook -i inventories/production status.yml"

DATABASE = "maymessenger"
DATABASE_LIST = "ansible-playbook -i inventories/production database.yml"
DATABASE_DUMP = "ansible-playbook -i inventories/production database.yml -e operation=dump"
DATABASE_SIZES = "ansible-playbook -i inventories/production database.yml -e operation=sizes"
DATABASE_COUNTS = "ansible-playbook -i inventories/production database.yml -e operation=counts"
DATABASE_QUERIES = "ansible-playbook -i inventories/production database.yml -e operation=queries"
DATABASE_DRILL = "ansible-playbook -i inventories/production database.yml -e operation=drill"
DATABASE_BESIDE = "ansible-playbook -i inventories/production database.yml -e operation=restore -e database=maymessenger -e beside=true"
DATABASE_RECREATE = (
    "ansible-playbook -i inventories/production database.yml -e operation=recreate -e database=maymessenger -e confirm=maymessenger"
)
ROTATE = "ansible-playbook -i inventories/production rotate_secrets.yml -e app=maymessenger"
ROTATE_KEY = "ansible-playbook -i inventories/production rotate_secrets.yml -e secret=maymessenger_jwt_secret"

UPGRADE = "ansible-playbook -i inventories/production upgrade_database.yml -e app=maymessenger -e to=18"


def upgrade(app: str, to: int) -> str:
    """Return the command that takes the databases of an app to a version of PostgreSQL."""
    return f"ansible-playbook upgrade_database.yml -e app={app} -e to={to}"


def restore(database: str, backup: str) -> str:
    """Return the command that has a database back as a backup has it."""
    return f"ansible-playbook database.yml -e operation=restore -e database={database} -e from={backup} -e confirm={database}"


def rotate(secret: str) -> str:
    """Return the command that rotates one secret."""
    return f"ansible-playbook -i inventories/production rotate_secrets.yml -e secret={secret}"


STOP = "ansible-playbook -i inventories/production manage.yml -e operation=stop -e app=maymessenger"
START = "ansible-playbook -i inventories/production manage.yml -e operation=start -e app=maymessenger"
RESTART = "ansible-playbook -i inventories/production manage.yml -e operation=restart -e app=maymessenger"
RESTART_ONE = "ansible-playbook -i inventories/production manage.yml -e operation=restart -e container=maymessenger_backend"
RESTART_PROXY = "ansible-playbook -i inventories/production manage.yml -e operation=restart -e container=nginx_container"
RECREATE = "ansible-playbook -i inventories/production manage.yml -e operation=recreate -e app=maymessenger"
REBUILD = "ansible-playbook -i inventories/production manage.yml -e operation=rebuild -e app=maymessenger"
LOOK_FIRST = "ansible-playbook -i inventories/production deploy.yml --check"
NETWORK = "ansible-playbook -i inventories/production network.yml"
NETWORK_RECREATE = "ansible-playbook -i inventories/production network.yml -e network_recreate=true"
REMOVE = "ansible-playbook -i inventories/production remove_app.yml -e app=maymessenger"
REMOVE_WITH_DATA = "ansible-playbook -i inventories/production remove_app.yml -e app=maymessenger -e remove_confirm=maymessenger"
REMOVE_LOOK = "ansible-playbook -i inventories/production remove_app.yml -e app=maymessenger --check"
DEPLOY = "ansible-playbook -i inventories/production deploy.yml"
HISTORY = "ansible-playbook -i inventories/production history.yml"
NOTIFY = "ansible-playbook -i inventories/production notify.yml"
