# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether each host is served with the certificate on disk, trusted, lasting, and renewed by somebody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from .._base.command import run_command
from .._base.sentence import Sentence, say
from .._certbot.client import Certbot
from .._certbot.plan import threshold
from .._certbot.records import Records
from .._certbot.renewers import Renewers, warnings
from .._certbot.settings import Settings as CertbotSettings
from .._certbot.settings import stored
from .._certificates.certificate import Certificate, CertificateError, read_chain
from .._certificates.live import Installed, is_placeholder
from .._health.gate import OK
from .._health.tls import TlsCheck, TlsProbe, days_shown
from .endpoints import asked
from .finding import Finding, failed, passed, warning
from .observed import Observed
from .trusting import trusting

TIMER = "rarebooks-certificates.timer"
SHOW = "ansible-playbook certificates.yml"
RENEW = "ansible-playbook certificates.yml -e certificates_renew=true"


def check(server: Observed) -> Iterator[Finding]:
    """Yield how each host's certificate is, and how its renewal goes."""
    settings = server.settings
    places = {"path": settings.letsencrypt_path, "stack_path": settings.path, "live": settings.live}
    certbot = CertbotSettings.from_dict({**stored(os.path.join(settings.letsencrypt_path, "settings.json")), **places})
    ordered = set(Certbot(certbot).names())
    served = [(host, app.certificate) for app in server.release.apps if app.certificate for host in app.server_names]
    with ThreadPoolExecutor(16) as pool:
        yield from pool.map(lambda one: of_host(server, one[0], one[1], one[1] in ordered), served)
    names = sorted({name for _host, name in served})
    if ordered & set(names):
        yield from renewals(certbot, sorted(ordered & set(names)))
    elif server.release.certificates_existing:
        known = Renewers(run_command)
        for name in names:
            for told in warnings(name, known.of(name)):
                yield warning("certificates", name, say("{error}", error=told), SHOW)


def of_host(server: Observed, host: str, name: str, ordered: bool) -> Finding:
    """Say whether a host is served with its certificate, whole, trusted and for long enough."""
    path = Installed(name).chain_file
    try:
        leaf = read_chain(path)[0]
    except CertificateError as error:
        return failed("certificates", host, say("{error}", error=str(error)), SHOW)
    trusted, settings = trusting(server.release), server.settings
    warn, fail = (
        (threshold(leaf, settings.warn_days), threshold(leaf, settings.fail_days)) if ordered else (settings.warn_days, settings.fail_days)
    )
    probe = TlsProbe(
        TlsCheck(host, server.release.https_port, certificate=path, warn_days=0, fail_days=0),
        trusted.context,
        settings.timeout,
        trusted.ca_file,
        trusted.chains,
    )
    result = asked(probe)
    if result != OK:
        return failed("certificates", host, say("{error}", error=result.error), probe.next_step())
    if is_placeholder(leaf):
        text = say("is served with a placeholder, which no browser trusts")
        return failed("certificates", host, text, say("See why none was issued: {command}", command=SHOW))
    left = leaf.days_left(datetime.now(timezone.utc))
    if left < fail:
        return failed("certificates", host, ending(leaf, left), say("Have it renewed: {command}", command=RENEW if ordered else SHOW))
    if left < warn:
        return warning("certificates", host, ending(leaf, left), say("Have it renewed: {command}", command=RENEW if ordered else SHOW))
    return passed("certificates", host, say("is served with the certificate on disk, {days} days left", days=f"{days_shown(left):g}"))


def ending(leaf: Certificate, left: float) -> Sentence:
    return say(
        "the certificate has {days} days left, until {end}", days=f"{days_shown(left):g}", end=f"{leaf.not_after:%Y-%m-%d %H:%M} UTC"
    )


def renewals(settings: CertbotSettings, names: list[str]) -> Iterator[Finding]:
    """Yield how the renewals by our certbot went last."""
    for name in names:
        record = Records(settings).read(name)
        if record.result == "failed":
            text = say("its last renewal failed at {at}: {error}", at=record.tried, error=" ".join(record.error.split()))
            yield warning("certificates", name, text, SHOW)
