"""Backend sources that must be refused, each made from the sound one by one fault."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployment import ROOT

SOURCE = ROOT / "demo/apps/maymessenger"
# The archive is read whole before it is validated by its required paths.
KILOBYTES = 64


def packed(leave_out: str = "", name: str = "", content: bytes = b"x\n", kind: int = stat.S_IFREG) -> bytes:
    """Return the sound source as a zip, without one of its files, or with one more entry."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(SOURCE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.name != leave_out:
                archive.write(path, path.relative_to(SOURCE))
        if name:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (kind | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def archives() -> dict[str, tuple[bytes | None, dict[str, Any], str]]:
    """Return, by what is wrong: the archive (None: there is no file), variables besides it, and the expected message."""
    sound = packed()
    bomb = packed(name="src/bomb.bin", content=bytes(KILOBYTES * 1024))
    return {
        "missing-file": (None, {}, "cannot read the archive. Expected a readable zip file, got No such file or directory."),
        "not-a-zip": (b"<html>404 Not Found</html>", {}, "not a zip. Expected a zip archive, got a file beginning with b'<htm'."),
        "truncated": (sound[:-100], {}, "the zip is truncated or damaged. Expected a whole zip, got "),
        "other-sha256": (
            sound,
            {"maymessenger_backend_sha256": "0" * 64},
            f"the archive's sha256 is not the one given. Expected {'0' * 64}, got ",
        ),
        "path-traversal": (
            packed(name="../../etc/cron.d/x"),
            {},
            "an entry leaves the archive's folder. Expected paths without '..', got '../../etc/cron.d/x'.",
        ),
        "absolute-path": (
            packed(name="/etc/cron.d/x"),
            {},
            "an entry has an absolute path. Expected paths relative to the archive's top, got '/etc/cron.d/x'.",
        ),
        "symbolic-link": (
            packed(name="src/link", content=b"/etc/shadow", kind=stat.S_IFLNK),
            {},
            "an entry is no regular file. Expected files and folders only, got a symbolic link at 'src/link'.",
        ),
        "too-big": (
            bomb,
            {"maymessenger_backend_max_size": KILOBYTES * 1024},
            f"the archive unpacks to too much. Expected at most {KILOBYTES * 1024} bytes, got ",
        ),
        "packed-too-tight": (
            bomb,
            {"maymessenger_backend_max_ratio": 1},
            "the archive is packed suspiciously tight. Expected at most 1 bytes for each byte of the archive, got ",
        ),
        "too-many-entries": (sound, {"maymessenger_backend_max_entries": 3}, "too many entries. Expected at most 3, got "),
        "missing-path": (
            packed(leave_out="Dockerfile"),
            {},
            "required paths are missing: Dockerfile. Expected Dockerfile, MayMessenger.sln, src/ at the top",
        ),
    }


def write(directory: Path) -> dict[str, dict[str, Any]]:
    """Write the archives, and return the variables with which each is deployed."""
    variables = {}
    for name, (content, extra, _message) in archives().items():
        path = directory / f"{name}.zip"
        if content is not None:
            path.write_bytes(content)
        variables[name] = {"maymessenger_backend_archive": str(path), "maymessenger_backend_source": "", **extra}
    return variables


def changed(directory: Path, files: Mapping[str, str]) -> str:
    """Write the sound source with some files more or others, byte for byte, and return where."""
    shutil.copytree(SOURCE, directory, ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in files.items():
        (directory / name).write_text(content, newline="")
    return str(directory)
