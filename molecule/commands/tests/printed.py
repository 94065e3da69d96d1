"""The commands of documents and messages, word for word; a unit test compares them with what is printed.

What differs from case to case stands here in one form: the inventory, the id of a backup, a directory.
"""

from __future__ import annotations

DEPLOY = "ansible-playbook -i inventories/production deploy.yml"
LOOK = [
    "ansible-playbook -i inventories/production deploy.yml --check --diff",
    DEPLOY,
    "ansible-playbook -i inventories/production deploy.yml -v",
    "ansible-playbook -i INVENTORY rarebooks.platform.deploy",
    "ansible-playbook -i inventories/production deploy.yml -e stack_pull=true --check",
    "ansible-playbook -i inventories/production deploy.yml -e stack_pull=true",
    "ansible-playbook -i inventories/production backups.yml",
    "ansible-playbook -i inventories/production history.yml",
    "ansible-playbook -i inventories/production certificates.yml",
    "ansible-playbook -i inventories/production adopt.yml",
]
# On a server that is ours already it takes nothing over, and changes nothing.
TAKE_OVER = "ansible-playbook -i inventories/production deploy.yml -e stack_take_over=true"
ADOPT = "ansible-playbook -i inventories/production adopt.yml -e adopt_write_to=inventories/shop"
ASK_HOW_TO_PACK = "ansible-playbook package.yml"
PACK = "ansible-playbook package.yml -e package_source=DIRECTORY"
HOST_LOOK = "ansible-playbook -i inventories/production host.yml --check --diff"
HOST = "ansible-playbook -i inventories/production host.yml"
RENEW = "ansible-playbook -i inventories/production certificates.yml -e certificates_renew=true"
ISSUE = "ansible-playbook -i inventories/production deploy.yml -e certificates_renew=true"
BACK = "ansible-playbook -i inventories/production rollback.yml"
BACK_TO = "ansible-playbook -i inventories/production rollback.yml -e rollback_to=20261124_083000"
WITH_DATABASES = (
    "ansible-playbook -i inventories/production rollback.yml -e rollback_to=20261124_083000 -e rollback_restore_database=true "
    "-e rollback_confirm=true"
)
# In the scenario rollback, which has such backups.
MADE_BY_HAND = "ansible-playbook -i inventories/production rollback.yml -e rollback_to=20261124_083000 -e rollback_confirm=true"
ON_THE_SERVER = [
    "docker compose ps",
    "docker compose logs --tail 100 maymessenger_backend",
    "docker compose restart backend",
    "sudo grep maymessenger_ /opt/rarebooks/.secrets.json",
]
