# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values in environment files and in connection strings, written so that a container gets them byte for byte.

Compose reads an ``env_file`` in a dialect of its own. Unquoted, ``$`` expands, a blank and ``#`` begin a comment, and blanks at the ends
are lost. In single quotes everything is itself, line breaks too, but for a backslash before a quote. In double quotes escapes are read.
"""

from __future__ import annotations

import re

from .._base import secret_store
from .._base.errors import PlatformError

# What means itself without quotes, so that simple values look as they always have.
PLAIN = re.compile(r"(?:(?!['\"\s])[^$#\n\r\t\v\f\0]*[^$#\s\0])?")
# In single quotes a backslash before a quote, or at the end, would take the quote along.
BACKSLASH_BEFORE_QUOTE = re.compile(r"\\(?='|\Z)")
# One entry of an environment file that refers to secrets.
ENTRY = re.compile(r"(?P<key>[^=#\s][^=]*=)(?P<value>.*)")
# A reference as a value in a list of Key=value; pairs, such as a connection string.
PAIR = re.compile(rf"(?P<before>(?:^|;)[\w ]+=){secret_store.REFERENCE.pattern}(?=;|$)")
# Of these no connection string needs quotes. They are all that a secret of ours ever consisted of.
PLAIN_IN_PAIR = re.compile(r"[A-Za-z0-9._~!@%^*()+=:,/?-]+")


class Unquotable(PlatformError, ValueError):
    """A value that no environment file can hold."""


def quote(value: str) -> str:
    """Return a value as an environment file holds it."""
    if "\0" in value:
        raise Unquotable("expected a text without NUL characters")
    if PLAIN.fullmatch(value):
        return value
    if BACKSLASH_BEFORE_QUOTE.search(value):
        escaped = re.sub(r'([\\"$])', r"\\\1", value)
        return f'"{escaped}"'
    escaped = value.replace("'", "\\'")
    return f"'{escaped}'"


def quote_in_pair(value: str) -> str:
    """Return a value as a connection string of ADO.NET holds it: quoted where it must be, its quotes doubled."""
    if PLAIN_IN_PAIR.fullmatch(value):
        return value
    if '"' in value and "'" not in value:
        return f"'{value}'"
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def unquote(written: str) -> str:
    """Return the value that quote() wrote."""
    if len(written) < 2 or written[0] != written[-1] or written[0] not in "'\"":
        return written
    inner = written[1:-1]
    return inner.replace("\\'", "'") if written[0] == "'" else re.sub(r'\\([\\"$])', r"\1", inner)


def unquote_in_pair(written: str) -> str:
    """Return the value that quote_in_pair() wrote."""
    if len(written) < 2 or written[0] != written[-1] or written[0] not in "'\"":
        return written
    return written[1:-1] if written[0] == "'" else written[1:-1].replace('""', '"')


def resolve(text: str, secrets: dict[str, str]) -> str:
    """Replace each reference in an environment file by its secret, so that the container gets that byte for byte."""
    return "\n".join(_resolve_line(line, secrets) for line in text.split("\n"))


def _resolve_line(line: str, secrets: dict[str, str]) -> str:
    entry = ENTRY.fullmatch(line)
    if not secret_store.referenced(line) or entry is None:
        return secret_store.resolve(line, secrets)
    if entry["value"].startswith(("'", '"')):
        if not all(PLAIN_IN_PAIR.fullmatch(secrets[name]) for name in secret_store.referenced(line)):
            raise Unquotable(f"{entry['key']} expected the secret in it without quotes of the template's own, since it needs others")
        return secret_store.resolve(line, secrets)
    in_pairs = PAIR.sub(lambda match: match["before"] + quote_in_pair(secrets[match.group(2)]), entry["value"])
    return entry["key"] + quote(secret_store.resolve(in_pairs, secrets))


def differing(before: str, after: str) -> list[str]:
    """Return the variables that two environment files do not give the same; a reference to a secret stands for any value."""
    there, wanted = _entries(before), _entries(after)
    return sorted(key for key in there.keys() | wanted.keys() if not _same(there.get(key), wanted.get(key)))


def _entries(text: str) -> dict[str, str]:
    found = (ENTRY.fullmatch(line) for line in text.splitlines())
    return {one["key"].strip().removesuffix("="): one["value"] for one in found if one}


def _same(got: str | None, wanted: str | None) -> bool:
    return got == wanted or (got is not None and wanted is not None and secret_store.fits(unquote(got), unquote(wanted)))
