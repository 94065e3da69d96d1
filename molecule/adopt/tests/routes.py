"""Where each address of the server leads, by hand as well as adopted: status, and the target of a redirect."""

from __future__ import annotations

import warnings
from urllib.parse import urljoin

from contract import ARCHIVE, MESSENGER, SHOP
from support import Web

ROUTES = [
    (f"http://{SHOP[0]}/books", 301, f"https://{SHOP[0]}/books"),
    (f"http://{SHOP[0]}/api/test/setup-status", 200, None),
    (f"https://{SHOP[1]}/", 200, None),
    (f"https://{SHOP[1]}/api/test/setup-status", 200, None),
    (f"http://{MESSENGER}/x", 301, f"https://{MESSENGER}/x"),
    (f"https://{MESSENGER}/health/ready", 200, None),
    (f"https://{MESSENGER}/api/chats", 401, None),
    (f"https://{MESSENGER}/", 301, f"https://{MESSENGER}/web/"),
    (f"https://{MESSENGER}/web", 301, f"https://{MESSENGER}/web/"),
    (f"https://{MESSENGER}/web/", 200, None),
    (f"https://{MESSENGER}/uploads/audio/x", 301, f"https://{MESSENGER}/audio/x"),
]


def leads(browser: Web, url: str) -> tuple[int, str | None]:
    """Return the status of an address and where it leads; nginx may say that in full or from here."""
    answer = browser.get(url)
    target = answer.headers.get("Location")
    return answer.status_code, target and urljoin(url, target)


def archive(browser: Web) -> tuple[int, str]:
    """Return how the third site answers. Its owner never had a certificate that covers it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = browser.get(f"https://{ARCHIVE}/", verify=False)
    return answer.status_code, answer.text
