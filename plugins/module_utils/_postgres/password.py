# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The password of a database's user: whether it is a given one, and giving it another.

PostgreSQL keeps a verifier, from which nobody can tell the password. We compare with it and replace it, so that the password itself is
in no statement, and so in no log of PostgreSQL, in no list of its activity and in no list of processes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import stringprep
import unicodedata
from typing import TYPE_CHECKING

from .client import Database, query
from .global_objects import UNLOGGED

if TYPE_CHECKING:
    from docker import DockerClient

# What PostgreSQL takes where it makes a verifier itself.
ITERATIONS = 4096
SALT_BYTES = 16

_SCRAM = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")
_MD5 = re.compile(r"md5[0-9a-f]{32}")

# From 14 on a new server lets in over the network only whose password it keeps in the other form, whatever came along with its roles.
_LOCKED_OUT = """
SELECT rolname FROM pg_authid
 WHERE rolcanlogin AND rolpassword ~ '^md5[0-9a-f]{32}$'
   AND (SELECT bool_or(auth_method = 'scram-sha-256') AND NOT bool_or(auth_method IN ('md5', 'password')) FROM pg_hba_file_rules)
 ORDER BY 1"""

_ALTER = """ALTER ROLE :"user" PASSWORD '{verifier}'"""

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def stored(client: DockerClient, database: Database) -> str | None:
    """Return what PostgreSQL keeps of the password, empty where it keeps none; None where there is no such user."""
    sql = "SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = :'user'"
    answer = query(client, database, sql, dbname=database.maintenance, user=database.user)
    return answer[0][0] if answer else None


def is_md5(kept: str) -> bool:
    """Say whether PostgreSQL keeps a password in the form of before 14."""
    return bool(_MD5.fullmatch(kept))


def opens(kept: str, user: str, password: str) -> bool:
    """Say whether a password is the one of which PostgreSQL keeps this."""
    if is_md5(kept):
        return hmac.compare_digest(kept, _md5(user, password))
    found = _SCRAM.fullmatch(kept)
    if found is None:
        return False
    iterations, salt = int(found.group(1)), base64.b64decode(found.group(2))
    return hmac.compare_digest(kept, scram(password, salt, iterations))


def locked_out(client: DockerClient, database: Database) -> list[str]:
    """Return the roles whose right password is refused, since it is kept as MD5 and pg_hba.conf takes SCRAM only."""
    return [name for (name,) in query(client, database, _LOCKED_OUT, dbname=database.maintenance)]


def give(client: DockerClient, database: Database, password: str, kept: str) -> None:
    """Give the user another password, in the form that PostgreSQL keeps today's in: its clients may know no other; as SCRAM if none."""
    made = _md5(database.user, password) if is_md5(kept) else scram(password, secrets.token_bytes(SALT_BYTES))
    query(client, database, UNLOGGED + _ALTER.format(verifier=made), dbname=database.maintenance, user=database.user)


def scram(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """Return the verifier of a password, RFC 5803."""
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(password), salt, iterations)
    key = hmac.digest(salted, b"Client Key", "sha256")
    keys = hashlib.sha256(key).digest(), hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_key, server_key = (base64.b64encode(part).decode() for part in (salt, *keys))
    return f"SCRAM-SHA-256${iterations}:{salt_text}${stored_key}:{server_key}"


def _md5(user: str, password: str) -> str:
    return "md5" + hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()


def _prepared(password: str) -> bytes:
    """Return a password as both sides of a login prepare it, RFC 4013; PostgreSQL takes one that may not be prepared as it is."""
    mapped = "".join(" " if stringprep.in_table_c12(one) else one for one in password if not stringprep.in_table_b1(one))
    prepared = unicodedata.normalize("NFKC", mapped)
    right_to_left = [stringprep.in_table_d1(one) for one in prepared]
    mixed = any(right_to_left) and (not (right_to_left[0] and right_to_left[-1]) or any(map(stringprep.in_table_d2, prepared)))
    refused = not prepared or mixed or any(table(one) for one in prepared for table in _PROHIBITED)
    return (password if refused else prepared).encode()
