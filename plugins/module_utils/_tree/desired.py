# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a tree should look like: the files asked for, checked, with their secrets filled in."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .._base import files as base_files
from .._base import secret_store, state
from .._base.errors import PlatformError
from . import dotenv

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644

# Our own entries directly under the tree's root begin with this, so no file of the tree may.
RESERVED = ".config_tree."

# In these, what a secret consists of must not be read as anything else.
ENVIRONMENT_FILE = ".env"

# A line of private text as short as a bracket is no secret; masking it would make any output unreadable.
SHORTEST_PRIVATE_LINE = 8


class TreeError(PlatformError):
    """The tree cannot be brought to the desired state; facts become keys of the failed task's result."""


# The option of the modules that take the files of a tree.
OPTION: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "path": {"type": "str", "required": True},
        "content": {"type": "str"},
        "private_content": {"type": "str", "no_log": True},
    },
    "mutually_exclusive": [("content", "private_content")],
    "required_one_of": [("content", "private_content")],
}


@dataclass(frozen=True)
class File:
    """One desired file: source is the text with references to secrets, data the bytes with their values."""

    path: str
    source: str
    data: bytes
    private: bool

    @property
    def has_references(self) -> bool:
        return bool(secret_store.referenced(self.source))

    @property
    def mode(self) -> int:
        return PRIVATE_MODE if self.private or self.has_references else PUBLIC_MODE

    @property
    def uid(self) -> int:
        return os.geteuid()

    @property
    def gid(self) -> int | None:
        """Return the group to give it to; None for that of the process."""
        return None

    @property
    def target(self) -> str | None:
        """Return where it leads if it is a symbolic link."""
        return None

    @property
    def sha256(self) -> str:
        return base_files.sha256(self.data)


def read(
    root: str, items: list[dict[str, Any]], secrets_file: str | None, check_mode: bool, pending: Collection[str] = ()
) -> tuple[list[File], dict[str, str]]:
    """Return the desired files of a tree, and everything that no output may show. Pending are secrets that are yet to be replaced."""
    secrets = load_secrets(secrets_file)
    if check_mode:
        secrets = assume_missing(items, {name: value for name, value in secrets.items() if name not in pending})
    files = desired(items, secrets, secrets_file)
    check_root(root, files, secrets_file)
    return files, hidden_values(items, secrets)


def load_secrets(path: str | None) -> dict[str, str]:
    """Return the server's secrets; none without a secrets file."""
    if path is None:
        return {}
    try:
        return secret_store.load(path)
    except state.StateError as error:
        raise TreeError(str(error)) from None


def desired(items: list[dict[str, Any]], secrets: dict[str, str], secrets_file: str | None) -> list[File]:
    """Return the desired files, sorted by path, or refuse them with all that is wrong with them."""
    check_paths([item["path"] for item in items])
    texts = {item["path"]: item["content"] if item["private_content"] is None else item["private_content"] for item in items}
    unknown = {path: sorted(secret_store.referenced(text) - secrets.keys()) for path, text in sorted(texts.items())}
    complaints = [f"{path} needs {', '.join(names)}" for path, names in unknown.items() if names]
    if complaints:
        raise TreeError(
            f"Unknown secrets in {secrets_file or 'no secrets_file at all'}: {'; '.join(complaints)}. "
            "Generate or provide these secrets before the tree is written. Nothing was changed."
        )
    private = {item["path"] for item in items if item["private_content"] is not None}
    return [File(path, text, resolve(path, text, secrets).encode(), path in private) for path, text in sorted(texts.items())]


def resolve(path: str, text: str, secrets: dict[str, str]) -> str:
    """Return a file's text with the secrets in it, as its format wants them."""
    if not path.endswith(ENVIRONMENT_FILE):
        return secret_store.resolve(text, secrets)
    try:
        return dotenv.resolve(text, secrets)
    except dotenv.Unquotable as error:
        raise TreeError(f"{path}: {error}. Nothing was changed.") from None


def assume_missing(items: list[dict[str, Any]], secrets: dict[str, str]) -> dict[str, str]:
    """Return the secrets, each unknown one standing for itself: a prediction is made before they are generated."""
    names: set[str] = set()
    for item in items:
        names |= secret_store.referenced(item["content"] or item["private_content"] or "")
    return {name: secret_store.reference(name) for name in names} | secrets


def check_paths(paths: list[str]) -> None:
    """Refuse paths that would leave the tree, meet each other, or meet our own files."""
    complaints = [f"{path!r} {complaint}" for path in paths if (complaint := _path_complaint(path))]
    known = set(paths)
    complaints += [f"{path!r} is given more than once" for path in sorted(known) if paths.count(path) > 1]
    for path in sorted(known):
        parents = path.split("/")[:-1]
        prefixes = {"/".join(parents[: depth + 1]) for depth in range(len(parents))}
        complaints += [f"{prefix!r} is a file and the directory of {path!r}" for prefix in sorted(prefixes & known)]
    if complaints:
        raise TreeError(f"The files cannot form a tree: {'; '.join(complaints)}. Nothing was changed.")


def _path_complaint(path: str) -> str | None:
    if not path or "\0" in path or posixpath.isabs(path) or posixpath.normpath(path) != path or path in (".", ".."):
        return "is not a normalised path relative to the tree"
    if path.startswith("../"):
        return "leads out of the tree"
    if path.startswith(RESERVED):
        return f"begins with {RESERVED}, which names this module's own files"
    return None


def digest(files: list[File]) -> str:
    """Return one hash over paths, modes and texts; references stay unresolved, so that it says nothing of a value."""
    description = [[file.path, file.mode, file.source] for file in files]
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()


def hidden_values(items: list[dict[str, Any]], secrets: dict[str, str]) -> dict[str, str]:
    """Return everything that no output may show, in the form that secrets.mask takes."""
    hidden = dict(secrets)
    for item in items:
        text = (item["private_content"] or "").strip()
        if not text:
            continue
        lines = [line.strip() for line in text.splitlines()]
        parts = [text] + [line for line in lines if len(line) >= SHORTEST_PRIVATE_LINE]
        hidden |= {f"{item['path']}:{number}": part for number, part in enumerate(parts)}
    return hidden


def check_root(root: str, files: list[File], secrets_file: str | None) -> None:
    """Refuse a root that is no place for a tree, and a tree that would overwrite the secrets it needs."""
    if not os.path.isabs(root):
        raise TreeError(f"path: expected an absolute path, got {root!r}")
    if secrets_file is not None and any(os.path.join(root, file.path) == secrets_file for file in files):
        raise TreeError(f"{secrets_file}: the secrets file cannot be a file of the tree as well")
    place = root
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        raise TreeError(f"{place}: expected a directory for the tree at {root}. Move it away, or choose another path")
