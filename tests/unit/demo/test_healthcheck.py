"""The probe command of the stand-in images: what it says and how it exits."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

# A command has no suffix, and so needs its loader named.
SOURCE = Path(__file__).resolve().parents[3] / "demo" / "apps" / "base" / "healthcheck"
LOADER = SourceFileLoader("healthcheck", str(SOURCE))
healthcheck = module_from_spec(spec_from_loader("healthcheck", LOADER))
LOADER.exec_module(healthcheck)


class Answer(BaseHTTPRequestHandler):
    """Answers /<status> with that status."""

    def do_GET(self):
        self.send_response(int(self.path[1:]))
        self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(b"body of " + self.path.encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url():
    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1), (404, 1), (301, 1)])
def test_status_decides(url, capsys, status, expected):
    assert healthcheck.main([f"{url}/{status}"]) == expected
    assert capsys.readouterr().out == f"{status} body of /{status}\n"


def test_no_answer(capsys):
    assert healthcheck.main(["http://127.0.0.1:1/"]) == 1
    assert "no answer from http://127.0.0.1:1/" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["localhost/health"], ["http://a", "1", "2"]])
def test_usage(capsys, arguments):
    assert healthcheck.main(arguments) == 2
    assert "usage" in capsys.readouterr().err
