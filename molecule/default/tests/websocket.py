"""A WebSocket handshake by hand (RFC 6455), to see each byte that the proxy lets through."""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import ssl
from http.client import HTTPResponse

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    def __init__(self, host: str, path: str, ca: str) -> None:
        context = ssl.create_default_context(cafile=ca)
        self._socket = context.wrap_socket(socket.create_connection((host, 443), timeout=10), server_hostname=host)
        self.key = base64.b64encode(secrets.token_bytes(16))
        request = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {self.key.decode()}",
            "Sec-WebSocket-Version: 13",
            "",
            "",
        ]
        self._socket.sendall("\r\n".join(request).encode())
        self.answer = HTTPResponse(self._socket)
        self.answer.begin()

    @property
    def expected_accept(self) -> str:
        return base64.b64encode(hashlib.sha1(self.key + GUID).digest()).decode()

    def send(self, text: bytes) -> None:
        """Send one text frame of less than 126 bytes; clients have to mask them."""
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
        self._socket.sendall(bytes([0x81, 0x80 | len(text)]) + mask + masked)

    def receive(self) -> bytes:
        """Return the content of one short frame."""
        # HTTPResponse has closed its own file at a 101, which has no body.
        received = b""
        while len(received) < 2 or len(received) < 2 + received[1]:
            chunk = self._socket.recv(256)
            assert chunk, "the connection was closed"
            received += chunk
        return received[2 : 2 + received[1]]

    def close(self) -> None:
        self._socket.close()
