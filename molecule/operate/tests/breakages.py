"""Ways to break this server for real, each with the way back.

Those of a batch are in force together, so that one verification sees them all, and each is still looked for by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

ROOT = "/opt/rarebooks"
LIVE = "/etc/letsencrypt/live"
KEPT = "/root/kept"
DEPLOY, PREVIEW, BACKUPS = "deploy.yml", "deploy.yml --check --diff", "backups.yml"
# nginx goes on answering from what it had read until its new workers are there.
RELOAD = "docker exec nginx_container nginx -s reload; sleep 1"
MESSENGER_VOLUME = "/var/lib/docker/volumes/rarebooksdokploy_db_maymessenger_data"


@dataclass(frozen=True)
class Breakage:
    """What breaks and what mends, for the server's shell, and what must name it: area, subject, words of the text and of the next step.

    One that breaks nothing by itself is what another one of its batch also does. What is only warned of fails nothing.
    """

    name: str
    area: str
    subject: str
    text: str
    step: str
    breaks: str = ""
    mends: str = ""
    level: str = "failed"


def sql(container: str, database: str, statement: str) -> str:
    return f"docker exec -i {container} psql -q -U postgres -d {database} <<'SQL'\n{statement}\nSQL\n"


def drift(name: str, path: str, text: str, breaks: str) -> Breakage:
    """Return a breakage of a file that a deploy wrote."""
    copy = f"{KEPT}/{path.replace('/', '_')}"
    return Breakage(
        name,
        "files",
        path,
        text,
        PREVIEW,
        f"mkdir -p {KEPT}; cp --archive {ROOT}/{path} {copy}; {breaks} {ROOT}/{path}",
        f"cp --archive {copy} {ROOT}/{path}",
    )


def certificate(name: str, site: str, subject: str, text: str, step: str, breaks: str) -> Breakage:
    """Return a breakage of a certificate's files, which are written into and not replaced."""
    copy = f"{KEPT}/live-{site}"
    mends = "; ".join(f"cat {copy}/{file} > {LIVE}/{site}/{file}" for file in ("fullchain.pem", "privkey.pem"))
    keeps = f"mkdir -p {KEPT}; cp --recursive --dereference {LIVE}/{site} {copy}; cd {LIVE}/{site}"
    return Breakage(name, "certificates", subject, text, step, f"{keeps}; {breaks}", f"{mends}; rm -r {copy}; {RELOAD}")


def self_signed(*names: str) -> str:
    alternative = ",".join(f"DNS:{name}" for name in names)
    request = f"openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=x -addext subjectAltName={alternative}"
    return f"{request} -keyout {KEPT}/key -out {KEPT}/chain 2> /dev/null; cat {KEPT}/key > privkey.pem; cat {KEPT}/chain > fullchain.pem"


BY_HAND = """
docker rm --force rarebooks_frontend
docker run --detach --name rarebooks_frontend --network rarebooks_network --network-alias frontend --publish 8081:80 \
    --label com.docker.compose.project=rarebooksdokploy --label com.docker.compose.service=frontend \
    --health-cmd false --health-interval 1s --health-retries 1 --entrypoint sleep postgres:15 1000
until [ "$(docker inspect -f '{{.State.Health.Status}}' rarebooks_frontend)" = unhealthy ]; do sleep 0.2; done
"""
AS_DEPLOYED = f"docker rm --force rarebooks_frontend; cd {ROOT} && docker compose up --detach --no-deps frontend"
CRASHES = """
for round in 1 2 3; do
    next="$(($(docker inspect -f '{{.RestartCount}}' db_maymessenger) + 1)) running"
    kill -9 $(docker inspect -f '{{.State.Pid}}' db_maymessenger)
    until [ "$(docker inspect -f '{{.RestartCount}} {{.State.Status}}' db_maymessenger)" = "$next" ]; do sleep 0.1; done
done
until docker exec db_maymessenger pg_isready -q -h 127.0.0.1 -d maymessenger; do sleep 0.2; done
"""
CALMED = "docker restart db_maymessenger"
PASSWORD_BACK = r"""
password=$(docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' rarebooks_users_db | sed -n s/^POSTGRES_PASSWORD=//p)
echo "ALTER ROLE postgres PASSWORD :'p'" | docker exec -i rarebooks_users_db psql -q -U postgres -v p="$password"
"""
ENDS_SOON = f"""
printf 'subjectAltName=DNS:rare-books.ru,DNS:www.rare-books.ru' > {KEPT}/names
openssl req -new -key privkey.pem -subj /CN=rare-books.ru -out {KEPT}/request
openssl x509 -req -in {KEPT}/request -CA {ROOT}/ca/ca.pem -CAkey {ROOT}/ca/ca.key -days 3 -extfile {KEPT}/names -out {KEPT}/chain
cat {KEPT}/chain > fullchain.pem
{RELOAD}
"""
OLD_BACKUP = f"""
cd {ROOT}/backups; name=$(ls | grep -E '^[0-9]{{8}}_[0-9]{{6}}$' | tail -n 1)
mkdir -p {KEPT}/backups; cp --archive $name {KEPT}/backups; mv $name 20260101_000000; cd 20260101_000000
sed -i "s/\\"id\\": \\"$name\\"/\\"id\\": \\"20260101_000000\\"/" manifest.json; sha256sum manifest.json > manifest.json.sha256
"""
ITS_OWN_AGE = f"cd {ROOT}/backups; rm -r 20260101_000000; mv {KEPT}/backups/* .; rmdir {KEPT}/backups"
AGED = f"""
mkdir -p {KEPT}; cp --archive {ROOT}/.secrets.json.since {KEPT}/since
sed -i '/maymessenger_jwt/s/"20[0-9][0-9]-/"2020-/' {ROOT}/.secrets.json.since
"""
LISTENER = """
systemd-run --quiet --unit listener python3 -c 'import socket, time; s = socket.create_server(("", 2375)); time.sleep(600)'
until ss -ltn | grep -q :2375; do sleep 0.1; done
"""
EMPTIED = f"""
docker stop db_maymessenger; cd {MESSENGER_VOLUME}
mv _data kept; mkdir _data; chown --reference kept _data; docker start db_maymessenger
until docker exec db_maymessenger pg_isready -q -h 127.0.0.1 -d maymessenger; do sleep 0.2; done
"""
FILLED = f"docker stop db_maymessenger; cd {MESSENGER_VOLUME}; rm -r _data; mv kept _data; docker start db_maymessenger"
ANY_TOKEN = f"""
mkdir -p {KEPT}; cp --archive {ROOT}/nginx {KEPT}/nginx
sed -i 's#location /api/ {{#location /api/ {{ if ($http_authorization) {{ return 200 "[]"; }}#' {ROOT}/nginx/sites/maymessenger.conf
{RELOAD}
"""
IMAGE = "$(docker inspect -f '{{.Config.Image}}' rarebooks_backend)"

SQUATTER = """
docker run --detach --name squatter --network rarebooks_network --network-alias maymessenger_backend --entrypoint sleep postgres:15 900
"""

FIRST = [
    Breakage("an unhealthy container", "health", "rarebooks_frontend", "expected it healthy, got unhealthy", DEPLOY, BY_HAND, AS_DEPLOYED),
    Breakage("a container with more privileges", "security", "rarebooks_frontend", "got it without cap_drop AUDIT_WRITE, ", DEPLOY),
    Breakage("another image", "images", "rarebooks_frontend", "expected image ", PREVIEW),
    Breakage("a published port", "ports", "8081", "rarebooks_frontend published to the world", DEPLOY),
    Breakage("a site that does not answer", "endpoints", "RareBooks front page", "status 50", "curl --verbose"),
    Breakage("a crash loop", "containers", "db_maymessenger", "it died and was restarted ", "docker logs", CRASHES, CALMED),
    Breakage(
        "a container without its network",
        "network",
        "rarebooks_backend",
        "expected it on network rarebooks_network, got it on rarebooksdokploy_rarebooks_databases",
        "network.yml",
        "docker network disconnect rarebooks_network rarebooks_backend",
        "docker network connect --alias backend --alias rarebooks_backend rarebooks_network rarebooks_backend",
    ),
    Breakage(
        "a database that every app reaches",
        "network",
        "db_maymessenger",
        "expected it on network rarebooksdokploy_maymessenger_databases alone, got it on rarebooks_network too",
        "docker network disconnect rarebooks_network db_maymessenger",
        "docker network connect rarebooks_network db_maymessenger",
        "docker network disconnect rarebooks_network db_maymessenger",
    ),
    Breakage(
        "an app that reaches another's databases",
        "network",
        "rarebooks_frontend",
        "expected none but containers of May Messenger on network rarebooksdokploy_maymessenger_databases",
        "docker network disconnect rarebooksdokploy_maymessenger_databases rarebooks_frontend",
        "docker network connect rarebooksdokploy_maymessenger_databases rarebooks_frontend",
    ),
    Breakage(
        "a name of ours that somebody took",
        "network",
        "squatter",
        "answers to maymessenger_backend",
        "docker network disconnect rarebooks_network squatter",
        SQUATTER,
        "docker rm --force squatter",
    ),
    Breakage(
        "an error in a log",
        "logs",
        "rarebooks_backend",
        "fail: Shop.Orders: The order was lost.",
        "logs.yml",
        "printf 'fail: Shop.Orders[7]\\n      The order was lost.\\n' | docker exec -i rarebooks_backend sh -c 'cat > /proc/1/fd/1'",
    ),
    Breakage(
        "another password",
        "databases",
        "RareBooks_Users",
        "password authentication failed",
        "docker logs",
        sql("rarebooks_users_db", "postgres", "ALTER ROLE postgres PASSWORD 'another';"),
        PASSWORD_BACK,
    ),
    Breakage(
        "a table that is gone",
        "databases",
        "RareBooks_Books",
        "got none called public.Categories",
        BACKUPS,
        sql("rarebooks_books_db", "RareBooks_Books", 'ALTER TABLE "Categories" RENAME TO gone;'),
        sql("rarebooks_books_db", "RareBooks_Books", 'ALTER TABLE gone RENAME TO "Categories";'),
    ),
    Breakage(
        "a schema that is gone",
        "databases",
        "maymessenger",
        "expected a schema that its app has made, got none",
        BACKUPS,
        sql("db_maymessenger", "maymessenger", 'ALTER TABLE "__EFMigrationsHistory" RENAME TO gone;'),
        sql("db_maymessenger", "maymessenger", 'ALTER TABLE gone RENAME TO "__EFMigrationsHistory";'),
    ),
    Breakage(
        "a port that a packet filter hands on",
        "ports",
        "15432",
        "handed on to 172.31.0.9:5432",
        "iptables-save",
        "iptables -t nat -A PREROUTING -p tcp --dport 15432 -j DNAT --to-destination 172.31.0.9:5432",
        "iptables -t nat -D PREROUTING -p tcp --dport 15432 -j DNAT --to-destination 172.31.0.9:5432",
    ),
    Breakage("an engine that listens", "ports", "2375", "through its socket alone", "docker", LISTENER, "systemctl stop listener"),
    drift("a file that was edited", "nginx/nginx.conf", "edited by hand", "echo '# by hand' >>"),
    drift("a file that everybody reads", "env/rarebooks_backend.env", "expected mode 0600, got 0644", "chmod 0644"),
    Breakage(
        "secrets that everybody reads",
        "security",
        f"{ROOT}/.secrets.json",
        "got mode 0644",
        "chmod 0600",
        f"chmod 0644 {ROOT}/.secrets.json",
        f"chmod 0600 {ROOT}/.secrets.json",
    ),
    Breakage(
        "a secret of long ago",
        "security",
        "May Messenger",
        "days or longer: maymessenger_jwt_secret",
        "rotate_secrets.yml -e app=maymessenger",
        AGED,
        f"mv {KEPT}/since {ROOT}/.secrets.json.since",
        "warning",
    ),
    Breakage(
        "a unit of ours that is off",
        "server",
        "rarebooks-recovery.service",
        "expected the service enabled, got disabled",
        "systemctl enable rarebooks-recovery.service",
        "systemctl disable --quiet rarebooks-recovery.service",
        "systemctl enable --quiet rarebooks-recovery.service",
    ),
    certificate(
        "a certificate that nobody trusts",
        "messenger.rare-books.ru",
        "messenger.rare-books.ru",
        "is not trusted",
        "openssl s_client",
        f"{self_signed('messenger.rare-books.ru')}; {RELOAD}",
    ),
    certificate(
        "a certificate that ends soon", "rare-books.ru", "rare-books.ru", "the certificate has 2.9 days left", "certificates.yml", ENDS_SOON
    ),
    Breakage("a backup that is too old", "backups", "newest", "days old", BACKUPS, OLD_BACKUP, ITS_OWN_AGE),
]
SECOND = [
    Breakage(
        "a stopped container",
        "containers",
        "rarebooks_frontend",
        "exited",
        "manage.yml -e operation=start -e app=rarebooks",
        "docker stop --time 1 rarebooks_frontend",
        "docker start rarebooks_frontend",
    ),
    Breakage(
        "a database that is down",
        "databases",
        "RareBooks_Users",
        "its container rarebooks_users_db does not run",
        "manage.yml -e operation=start -e app=rarebooks",
        "docker stop rarebooks_users_db",
        "docker start rarebooks_users_db",
    ),
    Breakage(
        "a paused container",
        "containers",
        "rarebooks_backend",
        "paused",
        "docker unpause rarebooks_backend",
        "docker pause rarebooks_backend",
        "docker unpause rarebooks_backend",
    ),
    Breakage(
        "a volume that was emptied",
        "volumes",
        "rarebooksdokploy_db_maymessenger_data",
        "a volume that PostgreSQL initialised after its last deploy",
        BACKUPS,
        EMPTIED,
        FILLED,
    ),
    Breakage(
        "an app that lets in whoever brings a token",
        "security",
        "May Messenger API refuses strangers",
        "expected a token signed with a key that nobody has to be refused, got: status 200",
        "Stop the app",
        ANY_TOKEN,
        f"cp --archive {KEPT}/nginx/. {ROOT}/nginx/; rm -r {KEPT}/nginx; {RELOAD}",
    ),
    Breakage(
        "a disk without room",
        "server",
        f"{ROOT}/backups",
        "expected 1024 MiB free on its disk, got ",
        "du -xh",
        f"mount -t tmpfs -o size=1m,mode=0700 tmpfs {ROOT}/backups",
        f"umount {ROOT}/backups",
    ),
    Breakage(
        "a disk without inodes",
        "server",
        "/var/lib/containerd",
        "expected inodes free",
        "du -x --inodes",
        "d=/var/lib/containerd; mkdir -p $d; mount -t tmpfs -o size=2g,nr_inodes=20 tmpfs $d; touch $(seq -f $d/%g 1 19)",
        "umount /var/lib/containerd",
    ),
    certificate(
        "a certificate that nginx has not read",
        "rare-books.ru",
        "www.rare-books.ru",
        "nginx has not read it",
        "openssl s_client",
        self_signed("rare-books.ru", "www.rare-books.ru"),
    ),
    Breakage(
        "an image whose name another one has",
        "images",
        "rarebooks_backend",
        "expected the image that ",
        PREVIEW,
        f"docker tag {IMAGE} kept:backend; docker tag postgres:15 {IMAGE}",
        f"docker tag kept:backend {IMAGE}; docker rmi kept:backend",
    ),
    drift("a file that is gone", "nginx/snippets/acme_challenge.conf", "got none", "rm"),
]
