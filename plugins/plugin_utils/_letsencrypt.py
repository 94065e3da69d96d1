# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of what an operator wants to be ordered from an ACME authority; one sentence per problem."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.certificate import covers
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils._preconditions import HOST_NAME

# A name becomes a directory and a file on the server.
CERTIFICATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
# The built-in plugin is of no use without knowing the name server and its key; others may take theirs from elsewhere.
NEEDS_CREDENTIALS = "rfc2136"


def contains(path: str, text: str) -> bool:
    return text in Path(path).read_text(errors="replace")


def problems(options: Mapping[str, Any], apps: Sequence[App], contains: Callable[[str, str], bool] = contains) -> list[str]:
    """Return why these certificates could not be ordered for these sites."""
    return [*_directory(options), *_files(options, contains), *_declared(options, apps), *_sites(options, apps)]


def _directory(options: Mapping[str, Any]) -> Iterator[str]:
    url = options["directory"]
    if urlsplit(url).scheme != "https":
        yield f"certificates_directory: expected a URL that begins with https://, got {url!r}. Give an ACME directory's address."
    if options["staging"] and url != LETS_ENCRYPT:
        yield f"certificates_staging: expected it only with Let's Encrypt's directory, got it beside {url}. Remove one of the two."


def _files(options: Mapping[str, Any], contains: Callable[[str, str], bool]) -> Iterator[str]:
    bundle, credentials = options["ca_bundle"], options["dns_credentials"]
    by_dns = any(one.get("challenge") == "dns-01" for one in options["declared"])
    if by_dns and options["dns_plugin"] == NEEDS_CREDENTIALS and not credentials:
        yield (
            "certificates_dns_credentials: expected the file with the credentials of the DNS plugin rfc2136, got none. Give its "
            "absolute path on this machine; the README of the role certificates shows what it holds."
        )
    for name, path in (("certificates_ca_bundle", bundle), ("certificates_dns_credentials", credentials)):
        if path and not Path(path).is_absolute():
            yield f"{name}: expected an absolute path, got {path}. Begin it with {{{{ inventory_dir }}}}."
        elif path and not Path(path).is_file():
            yield f"{name}: expected the file {path}, got none. Correct the path."
    if bundle and Path(bundle).is_file() and not contains(bundle, "BEGIN CERTIFICATE"):
        yield f"certificates_ca_bundle: expected PEM certificates in {bundle}, got none."


def _declared(options: Mapping[str, Any], apps: Sequence[App]) -> Iterator[str]:
    used = {app.certificate for app in apps}
    counts = Counter(one["name"] for one in options["declared"])
    yield from (f"certificates_declared: expected {name} once, got it {n} times." for name, n in counts.items() if n > 1)
    for one in options["declared"]:
        if one["name"] not in used:
            yield (
                f"Certificate {one['name']}: expected a site that is served with it, got none (the sites use "
                f"{', '.join(sorted(used))}). Remove it from certificates_declared, or give the site its name."
            )
        for name in one.get("names") or []:
            if not HOST_NAME.fullmatch(name.removeprefix("*.")):
                yield f"Certificate {one['name']}: expected host names such as www.example.org or *.example.org, got {name!r}."
            elif name.startswith("*.") and one.get("challenge", "http-01") != "dns-01":
                yield (
                    f"Certificate {one['name']}: expected challenge dns-01, since no authority issues {name} for a challenge over "
                    "HTTP (CA/Browser Forum baseline requirements, 3.2.2.4.19), got http-01. Set it in certificates_declared."
                )


def _sites(options: Mapping[str, Any], apps: Sequence[App]) -> Iterator[str]:
    names = {one["name"]: one.get("names") or [] for one in options["declared"]}
    for app in apps:
        certificate = app.certificate
        if not CERTIFICATE_NAME.fullmatch(certificate):
            yield f"{app.name}_certificate: expected letters, digits and ._- , got {certificate!r}."
        covering = names.get(certificate) or app.server_names
        missing = [host for host in app.server_names if not covers(covering, host)]
        if missing:
            yield (
                f"Certificate {certificate}: expected it to cover {', '.join(missing)}, which {app.title} is served at, got "
                f"{', '.join(covering)}. Add them to its names in certificates_declared."
            )
