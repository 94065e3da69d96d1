# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates that are not needed any more are archived whole, and come back when they are needed again."""

from __future__ import annotations

import errno
import os
import re
import shutil
from datetime import datetime, timezone

from .._base.files import TEMPORARY, make_directory, sync_directory
from .._certificates.live import Installed
from .client import PARTS as CERTBOT_PARTS
from .client import Certbot, Lineage, read_lineage
from .settings import Settings

# Where they lie on servers since 0.2.0.
RETIRED = "retired"
# The parts of a certificate: name in the place where it is archived, and where it lives.
PARTS = ("renewal.conf", "archive", "links", "served", "versions")
SERVED = ("served", "versions")


def _places(settings: Settings, name: str) -> dict[str, str]:
    root = Certbot(settings).root
    return {
        "renewal.conf": os.path.join(root, "renewal", f"{name}.conf"),
        "archive": os.path.join(root, "archive", name),
        "links": os.path.join(root, "live", name),
        "served": Installed(name, settings.live).directory,
        "versions": Installed(name, settings.live).versions,
    }


def put(settings: Settings, name: str, served: bool) -> str:
    """Archive a lineage in place of the one before it, and with served also what nginx reads; return where it lies now.

    The renewal goes first: whatever dies in between, nothing renews a certificate that is only half there.
    """
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d_%H%M%S")
    target = os.path.join(settings.path, RETIRED, name, stamp)
    os.makedirs(target, 0o700)
    for part in PARTS:
        place = _places(settings, name)[part]
        if os.path.lexists(place) and (served or part not in SERVED):
            _move(place, os.path.join(target, part))
    for older in set(os.listdir(os.path.dirname(target))) - {stamp}:
        shutil.rmtree(os.path.join(os.path.dirname(target), older))
    return target


def _move(source: str, target: str) -> None:
    """Move a part. Whatever dies in between, what is at either path is whole, also from one volume to another."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy, gone = _beside(target), _beside(source)
        umask = os.umask(0o077)  # Keys are among what is copied, and get their modes after their content.
        try:
            if os.path.isdir(source):
                shutil.copytree(source, copy, symlinks=True)
            else:
                shutil.copy2(source, copy)
        finally:
            os.umask(umask)
        os.sync()
        os.rename(copy, target)
        sync_directory(os.path.dirname(target))
        os.rename(source, gone)
        _remove(gone)
    sync_directory(os.path.dirname(source))
    sync_directory(os.path.dirname(target))


def _beside(path: str) -> str:
    """Return a name beside a part that is free and none of a certificate: what a killed run left under it is removed."""
    name = os.path.join(os.path.dirname(path), f"{TEMPORARY}{os.path.basename(path)}.part")
    _remove(name)
    return name


def _remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def newest(settings: Settings, name: str) -> str:
    """Return where the lineage lies that was archived last, nothing where there is none."""
    directory = os.path.join(settings.path, RETIRED, name)
    for stamp in sorted(os.listdir(directory), reverse=True) if os.path.isdir(directory) else ():
        place = os.path.join(directory, stamp)
        # It is the first to go and the last to come: with it the other parts are either here or in their places.
        if os.path.exists(os.path.join(place, "renewal.conf")):
            return place
    return ""


def lineage(settings: Settings, name: str) -> Lineage | None:
    """Return the lineage that restore would bring back, None where there is no whole one."""
    place = newest(settings, name)
    archive = os.path.join(place, "archive")
    versions = [int(digits) for file in (os.listdir(archive) if os.path.isdir(archive) else ()) if (digits := re.sub(r"\D", "", file))]
    if not place or not versions:
        return None
    pair = (os.path.join(archive, f"{part}{max(versions)}.pem") for part in CERTBOT_PARTS)
    return read_lineage(name, os.path.join(place, "renewal.conf"), *pair)


def restore(settings: Settings, name: str) -> bool:
    """Bring the lineage back that was archived last, its renewal last; return whether there was one.

    What nginx reads comes back only where there is nothing.
    """
    source = newest(settings, name)
    if not source:
        return False
    for part in reversed(PARTS):
        place, kept = _places(settings, name)[part], os.path.join(source, part)
        if os.path.lexists(kept) and not os.path.lexists(place):
            make_directory(os.path.dirname(place))
            _move(kept, place)
    shutil.rmtree(source)
    return True
