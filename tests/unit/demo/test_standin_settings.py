"""Settings of the stand-ins: the forms of ASP.NET Core and Npgsql, and what is refused."""

import pytest
from standin.settings import ConfigurationError, Switches, connection_string, listen_address, signing_key

EXPECTED = {"host": "db", "port": 5432, "database": "books", "user": "shop", "password": "secret"}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("Host=db;Port=5432;Database=books;Username=shop;Password=secret", {}),
        ("Host=db;Database=books;Username=shop;Password=secret;", {}),
        (" host = db ; PORT=6432 ; Database=books;User Id=shop;Password=secret ; ", {"port": 6432}),
        ("Server=db;Database=books;Username=shop;Password=a=b", {"password": "a=b"}),
        ('Host=db;Database=books;Username=shop;Password="a;b""c\'d"', {"password": "a;b\"c'd"}),
        ("Host=db;Database=books;Password='a;''b\"';Username=shop", {"password": "a;'b\""}),
    ],
)
def test_connection_string(text, changed):
    assert connection_string({"ConnectionStrings__Books": text}, "Books") == EXPECTED | changed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ConnectionStrings__Books is not set"),
        ("Host=db;Database=books;Username=shop", "lacks password"),
        ("Host=db;hunter2", "from character 8"),
        ("Host=db;Port=x;Database=books;Username=shop;Password=hunter2", "Port is not a number"),
    ],
)
def test_connection_string_refused_without_showing_it(text, expected):
    with pytest.raises(ConfigurationError, match=expected) as refusal:
        connection_string({"ConnectionStrings__Books": text}, "Books")
    assert "hunter2" not in str(refusal.value)


def test_signing_key_counts_bytes():
    assert signing_key({"Jwt__Key": "ж" * 16}, "Jwt__Key") == "ж" * 16
    with pytest.raises(ConfigurationError, match="31 bytes"):
        signing_key({"Jwt__Key": "k" * 31}, "Jwt__Key")
    with pytest.raises(ConfigurationError, match="not set"):
        signing_key({"Jwt__SecretKey": "k" * 32}, "Jwt__Key")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://+:5000", (None, 5000)),
        ("http://*:80;http://+:81", (None, 80)),
        ("http://127.0.0.1:5000", ("127.0.0.1", 5000)),
        ("http://[::1]:5000", ("::1", 5000)),
        ("http://+", (None, 80)),
    ],
)
def test_listen_address(url, expected):
    assert listen_address({"ASPNETCORE_URLS": url}) == expected


def test_listen_address_refuses_https():
    with pytest.raises(ConfigurationError, match="expected http"):
        listen_address({"ASPNETCORE_URLS": "https://+:443"})


def test_switches_are_off_by_default():
    assert Switches.read({}) == Switches(0, None, None, False, "1.0.0")
    assert Switches.read({"DEMO_DIE_AT_START": "0", "DEMO_UNHEALTHY_AFTER": "0"}) == Switches(0, 0, 0.0, False, "1.0.0")
