"""The contract: what operators, runbooks and existing data depend on. The tests compare a deployed server with it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

# Servers that were set up by hand have another one.
DIRECTORY = os.environ.get("SERVER_DIRECTORY", "/opt/rarebooks")
PROJECT = "rarebooksdokploy"
NETWORK = "rarebooks_network"
# On which an app alone has its databases.
SHOP_DATABASES, MESSENGER_DATABASES = (f"{PROJECT}_{app}_databases" for app in ("rarebooks", "maymessenger"))
SHOP = ["rare-books.ru", "www.rare-books.ru"]
MESSENGER = "messenger.rare-books.ru"
# A third site, which servers set up by hand may have and no app of ours claims.
ARCHIVE = "archive.rare-books.ru"
MIB = 1024 * 1024


@dataclass(frozen=True)
class Container:
    service: str
    image: str  # A regular expression.
    # What the probe must name, then seconds, seconds, a number and seconds (None: the contract does not say).
    probe: tuple[list[str], int, int, int, int | None]
    # Destination: volume of the project, or directory of the server.
    mounts: dict[str, str] = field(default_factory=dict)
    # Exactly what we set, with the secrets' names in braces.
    environment: dict[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = (NETWORK,)


def _database(service: str, name: str, password: str, network: str = SHOP_DATABASES) -> Container:
    return Container(
        service,
        r"postgres:15",
        (["pg_isready", "-h", "127.0.0.1", "-d", name], 30, 10, 3, None),
        {"/var/lib/postgresql/data": f"{service}_data"},
        {"POSTGRES_DB": name, "POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": f"{{{password}}}"},
        (network,),
    )


def _connection(host: str, database: str, password: str) -> str:
    return f"Host={host};Port=5432;Database={database};Username=postgres;Password={{{password}}}"


CONTAINERS = {
    "rarebooks_books_db": _database("db_books", "RareBooks_Books", "rarebooks_books_db_password"),
    "rarebooks_users_db": _database("db_users", "RareBooks_Users", "rarebooks_users_db_password"),
    "db_maymessenger": _database("db_maymessenger", "maymessenger", "maymessenger_db_password", MESSENGER_DATABASES),
    "rarebooks_backend": Container(
        "backend",
        r"rarebooks_backend:latest",
        (["http://127.0.0.1:80/health"], 30, 10, 10, 180),
        {"/app/wwwroot/collection_images": "collection_images"},
        {
            "ASPNETCORE_ENVIRONMENT": "Production",
            "ASPNETCORE_URLS": "http://+:80",
            "ConnectionStrings__BooksDb": _connection("db_books", "RareBooks_Books", "rarebooks_books_db_password"),
            "ConnectionStrings__UsersDb": _connection("db_users", "RareBooks_Users", "rarebooks_users_db_password"),
            "Jwt__Key": "{rarebooks_jwt_key}",
            "Jwt__Issuer": "RareBooksService",
            "Jwt__Audience": "RareBooksClients",
        },
        (NETWORK, SHOP_DATABASES),
    ),
    "rarebooks_frontend": Container("frontend", r"rarebooks_frontend:latest", (["http://127.0.0.1:80/"], 30, 10, 10, 90)),
    "maymessenger_backend": Container(
        "maymessenger_backend",
        r"maymessenger_backend:[0-9a-f]{12}",
        (["http://127.0.0.1:5000/health"], 30, 10, 10, 120),
        {"/app/wwwroot/audio": "maymessenger_audio"},
        {
            "ASPNETCORE_ENVIRONMENT": "Production",
            "ASPNETCORE_URLS": "http://+:5000",
            "ConnectionStrings__DefaultConnection": _connection("db_maymessenger", "maymessenger", "maymessenger_db_password"),
            "Jwt__Secret": "{maymessenger_jwt_secret}",
            "Jwt__Issuer": "MayMessengerAPI",
            "Jwt__Audience": "MayMessengerClients",
            "Seed__AdminPhone": "{maymessenger_admin_phone}",
            "Seed__AdminPassword": "{maymessenger_admin_password}",
            "Seed__InviteCode": "{maymessenger_invite_code}",
        },
        (NETWORK, MESSENGER_DATABASES),
    ),
    "nginx_container": Container(
        "proxy",
        r"nginx:stable-alpine",
        (["http://127.0.0.1/proxy-health"], 30, 5, 3, None),
        {
            "/etc/nginx": f"{DIRECTORY}/nginx",
            "/etc/letsencrypt": "/etc/letsencrypt",
            "/var/www/certbot": "/var/www/certbot",
        },
    ),
}
VOLUMES = {f"{PROJECT}_{source}" for one in CONTAINERS.values() for source in one.mounts.values() if "/" not in source}
