# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of images: many forms stand for one image, and the engine lists a single one of them."""

from __future__ import annotations

HUB = ("docker.io", "index.docker.io")
OFFICIAL = "library/"


def image_name(name: str) -> str:
    """Return a name as the engine lists it: by tag or by digest, without Docker Hub's own name, C(latest) where nothing is said."""
    path, _at, digest = name.partition("@")
    host, slash, rest = path.partition("/")
    if slash and host in HUB:
        path = rest
    # Official images have a short name only on Docker Hub, where it is their own directory that is left out.
    if path.startswith(OFFICIAL) and path.count("/") == 1:
        path = path.removeprefix(OFFICIAL)
    folder, slash, last = path.rpartition("/")
    repository, _colon, tag = last.partition(":")
    # What a digest says needs no tag, and the engine keeps none beside it.
    return f"{folder}{slash}{repository}@{digest}" if digest else f"{folder}{slash}{repository}:{tag or 'latest'}"
