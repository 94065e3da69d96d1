"""A host that no site names is refused, and TLS is what it should be."""

import socket
import ssl
import subprocess

import pytest
import requests
from contract import MESSENGER, SHOP


def exchange(address, request):
    """Send a request to port 80 and return everything that comes back."""
    with socket.create_connection((address(), 80), timeout=10) as connection:
        connection.sendall(request)
        return connection.makefile("rb").read()


@pytest.mark.parametrize("path", ["/api/test/echo", "/proxy-health"])
@pytest.mark.parametrize("host_line", ["Host: unknown.example\r\n", "Host: rare-books.ru.evil.example\r\n", "Host: {ip}\r\n", ""])
def test_unknown_host_gets_no_answer(address, host_line, path):
    # HTTP/1.0 may name no host at all.
    request = f"GET {path} HTTP/1.0\r\n{host_line.format(ip=address())}\r\n"
    assert exchange(address, request.encode()) == b""


def shake_hands(address, name, context):
    with socket.create_connection((address(), 443), timeout=10) as connection:
        return context.wrap_socket(connection, server_hostname=name)


@pytest.mark.parametrize("name", ["unknown.example", "evil.rare-books.ru", None])
def test_unknown_name_gets_no_handshake(address, name):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLError) as refusal:
        shake_hands(address, name, context)
    assert refusal.value.reason == "TLSV1_UNRECOGNIZED_NAME"


def test_known_name_with_an_unknown_host_gets_no_answer(web):
    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        web.get(f"https://{SHOP[0]}/", headers={"Host": "unknown.example"})


@pytest.mark.parametrize("name, names", [(SHOP[0], SHOP), (SHOP[1], SHOP), (MESSENGER, [MESSENGER])])
def test_certificate_covers_exactly_its_site(address, ca, name, names):
    with shake_hands(address, name, ssl.create_default_context(cafile=ca)) as tls:
        certificate = tls.getpeercert()
    assert sorted(value for kind, value in certificate["subjectAltName"] if kind == "DNS") == sorted(names)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_tls_is_spoken(address, ca, version):
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = context.maximum_version = version
    shake_hands(address, MESSENGER, context).close()


@pytest.mark.parametrize("name", [SHOP[0], MESSENGER])
def test_a_browser_gets_everything_over_one_connection(address, ca, name):
    ours = ["--silent", "--show-error", "--http2", "--cacert", ca, "--resolve", f"{name}:443:{address()}"]
    asked = ["--write-out", "%{http_version} %{http_code}\n", f"https://{name}/api/test/echo", "--output", "/dev/null"]
    done = subprocess.run(["curl", *ours, *asked, "--next", *ours, *asked], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["2 200", "2 200"]


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
@pytest.mark.parametrize("name", [SHOP[0], MESSENGER])
def test_old_tls_is_refused(address, ca, name):
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    # Else this machine's own library would refuse it.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError) as refusal:
        shake_hands(address, name, context)
    assert refusal.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
