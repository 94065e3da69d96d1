"""What messages are sent to: HTTP on port 8080, SMTP on 2525 and HTTPS on 443; each message is a line of JSON in a file.

Usage: python3 receiver.py FILE
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FILE = sys.argv[1]
LOCK = threading.Lock()


def record(**message: object) -> None:
    with LOCK, open(FILE, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(message) + "\n")


class Web(BaseHTTPRequestHandler):
    """Takes whatever is posted, but for what ntfy is to refuse while a file says so."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        refused = self.path == "/" and os.path.exists("refuse-ntfy")
        if not refused:
            record(host=self.headers.get("Host", ""), path=self.path, headers=dict(self.headers), body=body)
        answer = b'{"ok": true, "result": {}}'
        self.send_response(503 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class Mail(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as a client needs to hand over a mail."""

    def handle(self) -> None:
        recipients: list[str] = []
        self.say("220 receiver")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "RCPT":
                recipients.append(line.partition(":")[2].strip("<> "))
            if verb == "DATA":
                self.say("354 go on")
                self.take(recipients)
            self.say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def take(self, recipients: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        part = mail.get_body(("plain", "html"))
        record(to=recipients, subject=str(mail["Subject"]), body=part.get_content() if part else "")


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    secure = ThreadingHTTPServer(("", 443), Web)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("certificate.pem", "key.pem")
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    for server in (secure, MailServer(("", 2525), Mail)):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ThreadingHTTPServer(("", 8080), Web).serve_forever()


if __name__ == "__main__":
    main()
