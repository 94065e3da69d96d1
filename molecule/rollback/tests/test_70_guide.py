"""Backups that the old guide's commands made: listed, marked, and restored only when somebody insists."""

from __future__ import annotations

from typing import Any

import pytest
import server
from operators import Deployer
from releases import Releases

COMPOSE = """
name: rarebooksdokploy
services:
  frontend:
    image: rarebooks_frontend:latest
    container_name: rarebooks_frontend
    restart: unless-stopped
    networks: [rarebooks_network]
  proxy:
    image: nginx:stable-alpine
    container_name: nginx_container
    restart: unless-stopped
    ports: ["80:80", "443:443"]
    volumes: ["./nginx/nginx_prod.conf:/etc/nginx/nginx.conf:ro"]
    networks: [rarebooks_network]
networks:
  rarebooks_network: {name: rarebooks_network, external: true}
"""
NGINX = "events {} http { server { listen 80; location / { return 200 'by hand'; } } }"
FLAT, DIRECTORY = "20241201_101010", "20241202_101010"


@pytest.fixture(scope="module", autouse=True)
def _made_by_hand(releases: Releases) -> None:
    server.shell(f"""
cd /opt/rarebooks/backups
cat > docker-compose.yml.backup.{FLAT} <<'EOF'
{COMPOSE}
EOF
echo "{NGINX}" > nginx_prod.conf.backup.{FLAT}
mkdir {DIRECTORY}; cp docker-compose.yml.backup.{FLAT} {DIRECTORY}/docker-compose.yml; echo {DIRECTORY} > .last_backup
sed -i s/frontend:latest/frontend:gone/ {DIRECTORY}/docker-compose.yml
""")


def test_both_layouts_are_listed(deploying: Deployer) -> None:
    done = deploying({}, playbook="backups.yml")
    assert done.code == 0
    for identifier in (FLAT, DIRECTORY):
        assert any(identifier in line and "unsealed" in line for line in done.output.splitlines())


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"rollback_to": FLAT}, f"Backup {FLAT}: expected a sealed backup, got one that was made by the old guide's commands"),
        ({"rollback_to": DIRECTORY, "rollback_confirm": True}, "image rarebooks_frontend:gone is not on the server"),
    ],
)
def test_refused(variables: dict[str, Any], complaint: str, refused: Deployer) -> None:
    assert complaint in refused(variables, playbook="rollback.yml").message()


def test_restored_on_confirmation_and_undone(releases: Releases, deploying: Deployer) -> None:
    before = server.release()
    variables = {"rollback_to": FLAT, "rollback_confirm": True, "stack_backup_databases": "off"}
    done = deploying(variables, playbook="rollback.yml")
    assert done.code == 0
    names = server.run("docker", "ps", "--all", "--format", "{{.Names}}").split()
    assert sorted(names) == ["nginx_container", "rarebooks_frontend"]
    assert server.run("cat", "/opt/rarebooks/docker-compose.yml").strip() == COMPOSE.strip()
    assert server.run("docker", "exec", "nginx_container", "wget", "-qO-", "http://127.0.0.1/").strip() == "by hand"
    undone = deploying({"rollback_to": server.backups()[-1]}, playbook="rollback.yml")
    assert undone.code == 0
    after = server.release()
    assert server.difference(before, after) == {}
