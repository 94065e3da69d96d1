"""Where each address of the server leads, by hand as well as adopted: status, and the target of a redirect."""

from __future__ import annotations

from contract import ARCHIVE, MESSENGER, SHOP

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
    (f"https://{ARCHIVE}/", 200, None),
]
