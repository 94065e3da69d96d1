# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether strangers are kept out: secrets that everybody knows or reads, or that are old, an open set-up, tokens nobody here signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import os
import secrets
import stat
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

from .._base import secret_store
from .._base.published_secrets import is_published
from .._base.sentence import Sentence, say
from .._health.answer import HttpCheck
from .._health.site import HttpProbe
from .finding import Finding, failed, passed, warning
from .observed import Observed
from .trusting import Trusting, trusting

try:
    import docker.errors
    import requests
except ImportError:  # See _base.libraries.
    pass

APPSETTINGS = "/app/appsettings.json"
# What the shop says as long as whoever comes first may set it up.
SETUP = "isInitialSetupNeeded"
REFUSED = (401, 403)
# What a proxy answers in an app's place: that nobody was asked is no way in.
UNASKED = (429, 502, 503, 504)
DEPLOY = "ansible-playbook deploy.yml"


def check(server: Observed) -> Iterator[Finding]:
    """Yield the ways in."""
    yield from published(server)
    yield from readable(server)
    yield from aged(server)
    trusted = trusting(server.release)
    checks = [one for app in server.release.apps for one in app.checks if urlsplit(one.url).scheme == "https"]
    with ThreadPoolExecutor(16) as pool:
        for found in pool.map(lambda one: list(asked(server, trusted, one)), checks):
            yield from found


def published(server: Observed) -> Iterator[Finding]:
    """Yield the published secrets that are in force."""
    known = [
        (name, variable, found)
        for name in sorted(server.containers)
        for variable, value in server.environment(name).items()
        for found in list(filter(is_published, [value, *(part.partition("=")[2].strip() for part in value.split(";"))]))[:1]
    ]
    for name, variable, value in known:
        text = say("expected a secret of this server's own, got one in {variable} that was published", variable=variable)
        yield failed("security", name, text, rotation(server, value))
    if not known:
        yield passed("security", "secrets", say("none that was published is in force"))


def rotation(server: Observed, value: str) -> Sentence:
    """Return how to have another secret in the place of this one."""
    described = {one.name: one for app in server.release.apps for one in app.secrets}
    for name, stored in sorted(server.secrets.items()):
        if stored == value and name in described:
            if described[name].at_first_start:
                return say("The app read it at its first start: change it in the app.")
            return say("Rotate it: {command}", command=f"ansible-playbook rotate_secrets.yml -e secret={name}")
    return say("Give another one, or none, then: {command}", command=DEPLOY)


def readable(server: Observed) -> Iterator[Finding]:
    """Say whether the secrets are root's alone."""
    path = server.settings.secrets_file
    try:
        status = os.stat(path)
    except FileNotFoundError:
        yield failed(
            "security",
            path,
            say("expected the file of the server's secrets, got none"),
            say("Have it made again: {command}", command=DEPLOY),
        )
        return
    if status.st_uid or stat.S_IMODE(status.st_mode) & 0o077:
        text = say(
            "expected a file that root alone reads, got mode {mode} of user {user}",
            mode=f"{stat.S_IMODE(status.st_mode):04o}",
            user=status.st_uid,
        )
        yield failed("security", path, text, f"chown root: {path} && chmod 0600 {path}")


def aged(server: Observed) -> Iterator[Finding]:
    """Yield the secrets of each app that have been the same for too long. Whom they became known to, nobody knows."""
    days, since = server.settings.secret_days, secret_store.since(server.settings.secrets_file)
    for app in server.release.apps if days else ():
        ages = {one.name: (server.began - since[one.name]).days for one in app.secrets if one.name in since and not one.at_first_start}
        if old := sorted(name for name, age in ages.items() if age >= days):
            text = say("not changed for {age} days or longer: {secrets}", age=min(ages[name] for name in old), secrets=", ".join(old))
            step = say(
                "Rotate them when its users may be asked to log in again: {command}",
                command=f"ansible-playbook rotate_secrets.yml -e app={app.name}",
            )
            yield warning("security", app.title, text, step)


def asked(server: Observed, trusted: Trusting, check: HttpCheck) -> Iterator[Finding]:
    """Ask a site whether it is open for set-up, or, where strangers are refused, for whoever brings a token."""
    timeout = server.settings.timeout
    if check.json is not None and check.method == "GET":
        # What it says of itself is in the same answer; that the site answers at all is another check's business.
        probe = HttpProbe(replace(check, json={**check.json, SETUP: True}), trusted.context, timeout, trusted.ca_file, trusted.chains)
        if probe.check().verdict == "ok":
            text = say("expected its set-up to be over, got one that whoever comes first may do")
            yield failed(
                "security",
                check.called,
                text,
                say("Finish the set-up in a browser, at https://{host}/.", host=urlsplit(check.url).hostname),
            )
    if check.status and set(check.status) <= set(REFUSED):
        if HttpProbe(check, trusted.context, timeout, trusted.ca_file, trusted.chains).check().verdict != "ok":
            return
        for kind, bearer in forged(server):
            probe = HttpProbe(
                replace(check, status=(*REFUSED, *UNASKED)),
                trusted.context,
                timeout,
                trusted.ca_file,
                trusted.chains,
                {"Authorization": f"Bearer {bearer}"},
            )
            result = probe.check()
            if result.verdict != "ok" and "instead of" in result.error:
                text = say("expected a token {kind} to be refused, got: {error}", kind=kind, error=result.error)
                yield failed("security", check.called, text, say("Stop the app until it is mended; everybody can be anybody."))
                return
        yield passed("security", check.called, say("refuses tokens that nobody here signed"))


def forged(server: Observed) -> list[tuple[Sentence, str]]:
    """Return tokens that must not be good for anything, and what is wrong with each."""
    now = int(time.time())
    claims: dict[str, object] = {"sub": "00000000-0000-0000-0000-000000000001", "role": "Admin", "iat": now, "exp": now + 300}
    for name in server.wanted:
        environment = server.environment(name)
        for claim, variable in (("iss", "Jwt__Issuer"), ("aud", "Jwt__Audience")):
            if variable in environment:
                claims.setdefault(claim, environment[variable])
    brought = [
        (say("signed with the key that the image of {container} brings", container=name), token(claims, key))
        for name in server.wanted
        for key in keys_in(server, name)
    ]
    return [
        *brought,
        (say("signed with a key that nobody has"), token(claims, secrets.token_hex(32))),
        (say("without a signature"), token(claims, "")),
        (say("signed with an empty key"), token(claims, "", "HS256")),
    ]


def keys_in(server: Observed, container: str) -> list[str]:
    """Return the keys for tokens that an image brings: an app that does not find its own takes them, and they are public."""
    try:
        stream, _facts = server.client.api.get_archive(container, APPSETTINGS)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            found = json.loads((member.read() if member else b"").decode("utf-8-sig"))["Jwt"]
    except (docker.errors.APIError, requests.RequestException, tarfile.TarError, ValueError, LookupError, TypeError):
        return []
    given = set(server.environment(container).values())
    values = [found[name] for name in ("Key", "Secret") if isinstance(found, dict) and isinstance(found.get(name), str)]
    return [value for value in values if value and value not in given]


def token(claims: dict[str, object], key: str, algorithm: str = "") -> str:
    """Return a JSON Web Token, signed where there is a key."""
    header = {"alg": algorithm or ("HS256" if key else "none"), "typ": "JWT"}
    parts = [encoded(json.dumps(one).encode()) for one in (header, claims)]
    signature = hmac.new(key.encode(), ".".join(parts).encode(), hashlib.sha256).digest() if key or algorithm else b""
    return ".".join([*parts, encoded(signature)])


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
