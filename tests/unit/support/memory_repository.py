"""A repository that keeps in memory what restic would keep in a store, and fails as it is told to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.complaints import Kind
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import (
    Access,
    Added,
    Repository,
    RepositoryError,
    Snapshot,
)


@dataclass
class Store:
    """What survives the program that brought it there: each snapshot with the content of its files by path."""

    exists: bool = True
    identity: str = "a" * 64
    held: list[tuple[Snapshot, dict[str, bytes]]] = field(default_factory=list)
    # What is done to it, in order.
    calls: list[str] = field(default_factory=list)


class MemoryRepository(Repository):
    """One by its location. Broken says how what is done fails; meanwhile is called in the middle of a snapshot."""

    def __init__(self, location: str = "sftp:me@store:/x", store: Store | None = None) -> None:
        super().__init__(location, Access("/nowhere"))
        self.store = store or Store()
        self.broken: dict[str, Kind] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def _do(self, what: str) -> None:
        self.store.calls.append(what)
        if what in self.broken:
            raise RepositoryError(self.broken[what], self.shown, f"Repository {self.shown}: it is {self.broken[what]}.")

    def identity(self) -> str:
        self._do("identity")
        if not self.store.exists:
            raise RepositoryError("missing", self.shown, f"Repository {self.shown}: there is no repository.")
        return self.store.identity

    def create(self) -> None:
        self._do("create")
        self.store.exists = True

    def backup(self, paths: Sequence[str], host: str, tags: Iterable[str], *, wait: bool = True) -> Added:
        self._do("backup")
        self.meanwhile()
        found = [file for path in paths for file in (Path(path), *Path(path).rglob("*")) if file.is_file()]
        return self._hold({str(file): file.read_bytes() for file in found}, host, tags, tuple(paths))

    def backup_stream(self, blocks: Iterable[bytes], name: str, host: str, tags: Iterable[str]) -> Added:
        self._do("backup_stream")
        return self._hold({f"/{name}": b"".join(blocks)}, host, tags, (f"/{name}",))

    def _hold(self, files: dict[str, bytes], host: str, tags: Iterable[str], paths: tuple[str, ...]) -> Added:
        one = Snapshot(f"{len(self.store.held):064x}", datetime.now(timezone.utc), host, tuple(tags), paths)
        self.store.held.append((one, files))
        size = sum(map(len, files.values()))
        return Added(one.id[-8:], size, size, 0.1)

    def snapshots(self, *tags: str, host: str = "") -> list[Snapshot]:
        self._do("snapshots")
        return [one for one, _files in self.store.held if set(tags) <= set(one.tags) and host in ("", one.host)]

    def restore(self, snapshot: str, paths: Iterable[str], target: str) -> None:
        self._do("restore")
        wanted = tuple(paths)
        for path, content in self._files(snapshot).items():
            if not wanted or path.startswith(wanted):
                place = os.path.join(target, path.lstrip("/"))
                os.makedirs(os.path.dirname(place), exist_ok=True)
                Path(place).write_bytes(content)

    def files(self, snapshot: str, *paths: str) -> Iterator[dict[str, Any]]:
        self._do("files")
        about = {"uid": os.getuid(), "gid": os.getgid(), "mtime": "2026-11-24T08:30:00.5Z"}
        found = self._files(snapshot)
        folders = {str(parent) for path in found for parent in Path(path).parents}
        for path in sorted({*found, *folders}):
            if not paths or path.startswith(paths):
                kind = {"type": "dir", "mode": 0o755} if path in folders else {"type": "file", "mode": 0o644, "size": len(found[path])}
                yield {"path": path, **kind, **about}

    def copy(self, snapshot: str, path: str, into: IO[bytes]) -> None:
        self._do("copy")
        into.write(self._files(snapshot)[path])

    def _files(self, snapshot: str) -> dict[str, bytes]:
        return next(files for one, files in self.store.held if one.id == snapshot or one.id.endswith(snapshot))

    def forget(self, *words: str, wait: bool = True) -> None:
        self._do("forget")
        self.store.held = [(one, files) for one, files in self.store.held if one.id not in words]

    def prune(self) -> None:
        self._do("prune")

    def check(self, part: int = 1, parts: int = 1) -> None:
        self._do("check")
        self.store.calls.append(f"{part}/{parts}")

    def unlock(self, everyone: bool = False) -> None:
        self._do("unlock")
