"""A server that was set up by hand: deployed to, back by the line that the deploy printed, and forward again."""

from __future__ import annotations

import re

import pytest
import server
from operators import Deployer

# One app of two, nginx.conf mounted from a file of its own, host names written into it, and the network that Compose named.
COMPOSE = """
services:
  db_books: &database
    image: postgres:15
    container_name: rarebooks_books_db
    restart: unless-stopped
    env_file: ./by_hand.env
    environment: {POSTGRES_DB: RareBooks_Books}
    volumes: ["db_books_data:/var/lib/postgresql/data"]
    networks: [rarebooks_network]
    healthcheck: {test: [CMD, pg_isready, -h, 127.0.0.1, -U, postgres], interval: 5s, start_period: 60s, start_interval: 1s}
  db_users:
    <<: *database
    container_name: rarebooks_users_db
    environment: {POSTGRES_DB: RareBooks_Users}
    volumes: ["db_users_data:/var/lib/postgresql/data"]
  backend:
    image: rarebooks_backend:latest
    container_name: rarebooks_backend
    restart: unless-stopped
    env_file: ./by_hand.env
    depends_on: {db_books: {condition: service_healthy}, db_users: {condition: service_healthy}}
    networks: [rarebooks_network]
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
    volumes: ["./nginx/nginx_prod.conf:/etc/nginx/nginx.conf:ro", "/etc/letsencrypt:/etc/letsencrypt:ro", "./webroot:/var/www/certbot"]
    depends_on: [frontend, backend]
    networks: [rarebooks_network]
volumes: {db_books_data: {}, db_users_data: {}}
networks: {rarebooks_network: {}}
"""
NGINX = """
events {}
http {
  server {
    listen 80;
    listen 443 ssl;
    server_name www.rare-books.ru rare-books.ru;
    ssl_certificate /etc/letsencrypt/live/rare-books.ru/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/rare-books.ru/privkey.pem;
    add_header X-Made by-hand;
    location /api/ { proxy_pass http://backend:80; }
    location / { proxy_pass http://frontend:80; }
  }
}
"""
# What there was of ours goes aside, but for volumes, secrets (an owner knows the passwords), and certificates.
SET_UP = f"""
cd /opt/rarebooks
docker compose down
mkdir /root/ours
mv .config_tree.json release.json compose env nginx docker-compose.yml backups ledger.jsonl .proxy_loaded.json /root/ours
mkdir nginx webroot
cat > docker-compose.yml <<'END'
{COMPOSE}
END
cat > nginx/nginx_prod.conf <<'END'
{NGINX}
END
(echo POSTGRES_USER=postgres; cat /root/ours/env/db_books.env /root/ours/env/rarebooks_backend.env | grep -v POSTGRES_DB) > by_hand.env
chmod 600 by_hand.env
docker compose --project-name rarebooksdokploy up --detach --wait
"""
FILES = ("docker-compose.yml", "nginx/nginx_prod.conf", "by_hand.env")
CONTAINERS = "{{.Name}} {{.Image}} {{.State.Status}} {{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}"
# Its back end has no health check that somebody could have waited for, and says for a moment that it has no database yet.
ASK = """
import ssl, time, urllib.error, urllib.request
request = urllib.request.Request("https://127.0.0.1/api/test/setup-status", headers={"Host": "www.rare-books.ru"})
deadline = time.monotonic() + 60
while True:
    try:
        with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as answer:
            print(answer.status, answer.headers["X-Made"])
            break
    except urllib.error.HTTPError as error:
        if error.code not in (502, 503) or time.monotonic() > deadline:
            raise
    time.sleep(0.2)
"""


def picture() -> list[str]:
    """Return what the server is like: files, containers with image and network, and what the site answers."""
    files = server.run("sh", "-c", f"cd /opt/rarebooks; sha256sum {' '.join(FILES)}").splitlines()
    names = server.run("docker", "ps", "--all", "--format", "{{.Names}}").split()
    containers = server.run("docker", "inspect", "--format", CONTAINERS, *sorted(names)).splitlines()
    return [*files, *containers, server.run("python3", "-", stdin=ASK).strip()]


@pytest.fixture(scope="module")
def by_hand() -> list[str]:
    """Set the server up by hand, and return what it is like then."""
    server.shell(SET_UP)
    return picture()


def test_back_by_the_printed_line_and_forward_again(by_hand: list[str], deploying: Deployer) -> None:
    assert by_hand[-1] == "200 by-hand" and by_hand[len(FILES)].endswith("rarebooksdokploy_rarebooks_network")
    done = deploying({"stack_take_over": True, "stack_backup_databases": "dump"})
    assert done.code == 0
    (printed,) = re.findall(r"rollback\.yml .*-e rollback_to=(\d{8}_\d{6})", done.output)
    listed = deploying({}, playbook="backups.yml")
    assert re.search(rf"{printed} .* by hand ", listed.said)
    for options in (["--check", "--diff"], []):
        back = deploying({"rollback_to": printed, "stack_backup_databases": "off"}, *options, playbook="rollback.yml")
        assert back.code == 0
    assert picture() == by_hand
    assert "Containers removed: db_maymessenger, maymessenger_backend" in back.output
    forward = deploying({"stack_take_over": True, "stack_backup_databases": "off"})
    assert forward.code == 0
    # And without being told where to: what was made by hand is the release before.
    assert deploying({"stack_backup_databases": "off"}, playbook="rollback.yml").code == 0
    assert picture() == by_hand
