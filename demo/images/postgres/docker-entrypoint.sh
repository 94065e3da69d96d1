#!/bin/sh
# Initialise an empty data directory as the official image does, then run PostgreSQL as the user postgres.
set -eu

as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

initialise() {
    [ -n "${POSTGRES_PASSWORD:-}" ] || {
        echo "Error: the database is not initialised and POSTGRES_PASSWORD is not set." >&2
        exit 1
    }
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    password_file=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password_file"
    chown postgres "$password_file"
    as_postgres initdb --username="$user" --pwfile="$password_file" --encoding=UTF8 --auth-host=scram-sha-256
    rm -f "$password_file"
    echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
    if [ "$database" != postgres ]; then
        # No TCP while this server runs, so that a probe with -h does not pass before the database is complete.
        as_postgres pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
        as_postgres psql -v ON_ERROR_STOP=1 --username "$user" --dbname postgres --no-password \
            --set "database=$database" <<'SQL'
CREATE DATABASE :"database";
SQL
        as_postgres pg_ctl -D "$PGDATA" -m fast -w stop
    fi
    echo "PostgreSQL init process complete; ready for start up."
}

if [ "$1" != postgres ] || [ "${2:-}" = --version ] || [ "${2:-}" = --help ]; then
    exec "$@"
fi
install -d -o postgres -g postgres -m 0700 "$PGDATA"
[ -s "$PGDATA/PG_VERSION" ] || initialise
exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"
