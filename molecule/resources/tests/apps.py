"""Users of both apps: enough of each API to leave something behind and find it again."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from contract import MESSENGER, SHOP
from support import Web

SHOP_URL = f"https://{SHOP[1]}"
MESSENGER_URL = f"https://{MESSENGER}"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True)
class Account:
    """A user of the messenger."""

    phone: str
    password: str

    @classmethod
    def register(cls, web: Web, invite_code: str) -> Account:
        account = cls(f"+1{secrets.randbelow(10**10):010}", secrets.token_urlsafe())
        body = {"phoneNumber": account.phone, "displayName": "Tester", "password": account.password, "inviteCode": invite_code}
        web.post(f"{MESSENGER_URL}/api/auth/register", json=body).raise_for_status()
        return account

    def log_in(self, web: Web) -> str:
        answer = web.post(f"{MESSENGER_URL}/api/auth/login", json={"phoneNumber": self.phone, "password": self.password})
        answer.raise_for_status()
        return str(answer.json()["token"])

    def id(self, web: Web) -> str:
        payload = self.log_in(web).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"])


def open_shop(web: Web, seed: str) -> str:
    """Return a token of the shop's administrator. He is made at the first call; his password follows from the seed."""
    body = {"email": "admin@example.org", "password": hashlib.sha256(seed.encode()).hexdigest()}
    web.post(f"{SHOP_URL}/api/setup/initialize", json=body)
    answer = web.post(f"{SHOP_URL}/api/auth/login", json=body)
    answer.raise_for_status()
    return str(answer.json()["token"])


@dataclass(frozen=True)
class Written:
    """What was left in all three databases and in both file volumes, and where."""

    account: Account
    chat: str
    audio: str
    book: int
    content: dict[str, Any]

    def read(self, web: Web) -> dict[str, Any]:
        """Return what is there now."""
        headers = bearer(self.account.log_in(web))
        messages = web.get(f"{MESSENGER_URL}/api/messages/{self.chat}", headers=headers).json()
        books = web.get(f"{SHOP_URL}/api/books").json()
        return {
            "messages": [message["content"] for message in messages if message["content"]],
            "audio": web.get(f"{MESSENGER_URL}{self.audio}").content,
            "titles": [book["title"] for book in books if book["id"] == self.book],
            "image": web.get(f"{SHOP_URL}/api/books/{self.book}/image").content,
            "set up": web.get(f"{SHOP_URL}/api/test/setup-status").json()["isInitialSetupNeeded"] is False,
        }


def write(web: Web, invite_code: str, shop_token: str) -> Written:
    account = Account.register(web, invite_code)
    headers = bearer(account.log_in(web))
    text, audio, image, title = (secrets.token_hex() for _ in range(4))

    def post(path: str, **options: Any) -> dict[str, Any]:
        answer = web.post(f"{MESSENGER_URL}{path}", headers=headers, **options)
        answer.raise_for_status()
        return dict(answer.json())

    other = Account.register(web, invite_code).id(web)
    chat = post("/api/chats", json={"title": "Kept", "participantIds": [other]})["id"]
    post("/api/messages", json={"chatId": chat, "type": 0, "content": text})
    voice = post("/api/messages/audio", data={"chatId": chat}, files={"file": ("voice.ogg", audio.encode())})
    category = web.get(f"{SHOP_URL}/api/categories").json()[0]["name"]
    book = web.post(
        f"{SHOP_URL}/api/books",
        headers=bearer(shop_token),
        data={"title": title, "price": "10", "category": category},
        files={"image": ("cover.png", image.encode())},
    )
    book.raise_for_status()
    content = {"messages": [text], "audio": audio.encode(), "titles": [title], "image": image.encode(), "set up": True}
    return Written(account, chat, voice["filePath"], book.json()["id"], content)
