"""What comes back: one backup that is nowhere else any more, and the whole server on a bare one, to the row and the byte."""

from __future__ import annotations

import json
import re
import subprocess

import server
import store
from deployment import HOST, NAME, ROOT, deploy
from printed import BACK, DATABASE_BESIDE, FETCH, FETCH_IN_PLACE, LIST
from support import wait_until
from terminal import type_in

NEW = f"{HOST}-new"
SSH = ["-F", str(ROOT / "build" / f"{NAME}-new" / "ssh_config")]
VOICES = "/var/lib/docker/volumes/rarebooksdokploy_maymessenger_audio/_data"
PSQL = ("docker", "exec", "db_maymessenger", "psql", "-U", "postgres", "-d", "maymessenger", "-qAtc")
# Somebody beside the app who reads its database, and a setting of that: in no dump of a database is either.
OTHERS = """
docker exec -i db_maymessenger sh -c 'psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"' << 'END'
CREATE ROLE auditor LOGIN PASSWORD 'of-the-auditor';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor;
GRANT CREATE ON DATABASE :"DBNAME" TO auditor;
ALTER DATABASE :"DBNAME" SET timezone TO 'Europe/London';
END
"""
# Asks, on the server itself, an app whose site goes by another name there.
VISIT = """
python3 - << 'END'
import socket, ssl
context = ssl.create_default_context(cafile="/opt/rarebooks/ca/ca.pem")
with context.wrap_socket(socket.create_connection(("127.0.0.1", 443)), server_hostname="NAME") as site:
    site.sendall(b"GET /health HTTP/1.1\\r\\nHost: NAME\\r\\nConnection: close\\r\\n\\r\\n")
    print(site.recv(12).decode())
END
"""
ELSEWHERE = "chat.example.net"
# Rows of each table, roles, owners, rights and settings, each file of the volumes with mode, owner and SHA-256, secrets and certificates.
LOOK = """
for one in db_maymessenger rarebooks_users_db rarebooks_books_db; do
  docker exec -i $one sh -c 'psql -qAt -U "$POSTGRES_USER" -d "$POSTGRES_DB"' << 'END'
SELECT relname, (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', schemaname, relname), false, true, '')))[1]
  FROM pg_stat_user_tables ORDER BY 1;
SELECT rolname, rolcanlogin, rolpassword FROM pg_authid ORDER BY 1;
SELECT relname, pg_get_userbyid(relowner), one FROM pg_class, unnest(relacl) one WHERE oid >= 16384 ORDER BY 1, one::text;
SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, one, current_setting('timezone')
  FROM pg_database LEFT JOIN unnest(datacl) one ON true WHERE datname = current_database() ORDER BY one::text
END
done
cd /var/lib/docker/volumes
find rarebooksdokploy_collection_images/_data rarebooksdokploy_maymessenger_audio/_data -printf '%p %m %U %G\\n' | sort
find rarebooksdokploy_collection_images/_data rarebooksdokploy_maymessenger_audio/_data /etc/letsencrypt -type f | sort | xargs -r sha256sum
sha256sum /opt/rarebooks/.secrets.json
"""


def on_the_new_one(script: str) -> str:
    """Run a shell script on the server that is bare at first."""
    return subprocess.run(["ssh", *SSH, NEW, "sh -e"], input=script, check=True, capture_output=True, text=True).stdout


def write_what_only_the_log_has() -> None:
    """Write rows after the snapshot, and wait until the log has brought them away."""
    server.run(*PSQL, "CREATE TABLE after_the_snapshot AS SELECT generate_series(1, 7) n")
    written = server.run("date", "--utc", "+%FT%TZ").strip()
    wait_until(lambda: brought() > written, "the log to be in the repository", seconds=120)


def brought() -> str:
    """Return until when the repository has the log of the messenger's database."""
    known = json.loads(server.run("cat", "/var/lib/rarebooks.platform/continuous/state.json"))
    return str(known["databases"]["db_maymessenger"]["repositories"][store.LOCATION]["at"])


def test_a_backup_that_is_only_elsewhere_is_gone_back_to() -> None:
    store.wait_for_snapshot()
    live = server.release()
    identifier = next(tag for tag in store.snapshots()[-1]["tags"] if tag.startswith("backup:")).removeprefix("backup:")
    server.run("sh", "-c", "rm -rf /opt/rarebooks/backups/*; docker system prune --all --force")
    listed = type_in(LIST)
    assert re.search(rf"^ *{identifier} .* off-site .*\n +in {re.escape(store.LOCATION)}$", listed.output, re.MULTILINE)
    looked = type_in(f"{BACK} --check", identifier)
    assert looked.code == 0
    assert "would be fetched first" in looked.output
    assert server.backups() == []
    assert type_in(BACK, identifier).code == 0
    assert server.release() == live
    assert identifier in server.backups()


def test_the_server_is_whole_again_on_a_bare_one() -> None:
    """As where somebody moves: what takes long is brought while the old one serves, and at the cut what differs by then."""
    server.shell(f"cd {VOICES}; mkdir -p a; echo hello > a/voice; echo gone > a/removed; chown -R 1654 a; chmod 600 a/voice")
    assert store.snapshot() == 0
    password = server.run("cat", "/etc/rarebooks.platform/offsite/password").strip()
    to_the_new_one = {"ANSIBLE_SSH_COMMON_ARGS": " ".join(SSH)}
    given = {"ansible_host": NEW, "stack_offsite_password": password, "maymessenger_server_names": [ELSEWHERE]}
    given["maymessenger_certificate"] = ELSEWHERE
    refused = deploy({"ansible_host": NEW}, playbook="restore_server.yml", environment=to_the_new_one)
    assert "expected the password of the repository, which was kept elsewhere, got none" in " ".join(refused.message().split())
    ahead = deploy({**given, "restore_ahead": True}, playbook="restore_server.yml", environment=to_the_new_one)
    assert ahead.code == 0 and "Nothing was started." in ahead.output, ahead.output
    assert on_the_new_one("docker ps --all --quiet") == ""
    server.shell(f"cd {VOICES}/a; rm removed; echo later > second")
    server.shell(OTHERS)
    assert store.snapshot() == 0
    write_what_only_the_log_has()
    server.run("docker", "stop", "nginx_container")  # From here on nobody writes.
    before = server.shell(LOOK).splitlines()
    done = deploy(given, playbook="restore_server.yml", environment=to_the_new_one)
    server.run("docker", "start", "nginx_container")
    assert done.code == 0, done.output
    assert "until their last commit in the log: db_maymessenger" in " ".join(done.output.split())
    # Beside it there is a certificate for the other name.
    assert [line for line in on_the_new_one(LOOK).splitlines() if f"/{ELSEWHERE}/" not in line] == before
    assert any(line.startswith("auditor|t|SCRAM") for line in before)
    # What the inventory says otherwise, here the name of a site, holds at the end.
    assert on_the_new_one(VISIT.replace("NAME", ELSEWHERE)).split() == ["HTTP/1.1", "200"]
    units = "rarebooks-offsite.timer rarebooks-offsite-check.timer rarebooks-recovery.service"
    assert on_the_new_one(f"systemctl is-enabled {units}").split() == ["enabled"] * 3
    assert on_the_new_one("docker ps --filter health=healthy --format '{{.Names}}'").split() != []
    again = deploy(given, playbook="restore_server.yml", environment=to_the_new_one)
    assert "expected a server on which nothing is yet, got one with a release" in " ".join(again.message().split())
    # Two servers of one name would go on in one repository, each as if it were the only one.
    on_the_new_one("systemctl stop rarebooks-offsite.timer rarebooks-offsite.service rarebooks-offsite-check.timer rarebooks-drill.timer")


def test_a_part_of_a_snapshot_comes_back_alone() -> None:
    identifier = next(tag for tag in store.snapshots()[-1]["tags"] if tag.startswith("backup:")).removeprefix("backup:")
    server.shell(f"cd {VOICES}/a; echo bye > voice")
    assert type_in(FETCH).code == 0
    assert server.shell(f"cd {VOICES}/a; cat voice voice.from_*").split() == ["bye", "hello"]
    assert type_in(FETCH_IN_PLACE).code == 0
    assert server.shell(f"cd {VOICES}/a; cat voice voice.before_*; stat -c '%a %u' voice").split() == ["hello", "bye", "600", "1654"]
    assert identifier not in server.backups()
    assert type_in(DATABASE_BESIDE, identifier).code == 0
    beside = f"docker exec db_maymessenger sh -c 'psql -qAt -U $POSTGRES_USER -d maymessenger_from_{identifier} -c \"TABLE pg_namespace\"'"
    assert server.shell(beside)
    assert identifier in server.backups()
