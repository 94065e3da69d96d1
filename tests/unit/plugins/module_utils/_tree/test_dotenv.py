"""Environment files as Compose 2.26 reads them; the same values go through it in the scenario commands."""

from __future__ import annotations

import re

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import secret_store
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import dotenv
from hypothesis import given
from hypothesis import strategies as st

AS_THEY_ARE = ["", "Production", "Host=db;Port=5432;Password=x", "http://+:80", "it's", 'a"b', "a\\", "a b", "=", "{a}", "é", "@x!%^*()?~"]


def read(text: str) -> str:
    """Return what Compose makes of a value; found out by trying on 2.26.1."""
    if text[:1] == "'":
        body = re.fullmatch(r"'((?:[^'\\]|\\.)*)'", text, re.DOTALL)
        assert body, text
        return re.sub(r"\\'", "'", body.group(1))
    if text[:1] == '"':
        body = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', text, re.DOTALL)
        assert body and "$" not in re.sub(r"\\.", "", body.group(1), flags=re.DOTALL), text
        assert set(re.findall(r"\\(.)", body.group(1), re.DOTALL)) <= set('\\"$'), text
        return re.sub(r'\\([\\"$])', r"\1", body.group(1))
    assert "\n" not in text and "$" not in text and " #" not in text and text == text.strip(), text
    return text


@pytest.mark.parametrize("value", AS_THEY_ARE)
def test_what_needs_no_quotes_stays_as_it_always_was(value: str) -> None:
    assert dotenv.quote(value) == value == read(value)


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("pa$word1", "'pa$word1'"),
        ("pa$$word", "'pa$$word'"),
        ("abc #def", "'abc #def'"),
        ('"quoted" tail', "'\"quoted\" tail'"),
        ('{"a": "b$c"}', '\'{"a": "b$c"}\''),
        ("${HOME}", "'${HOME}'"),
        ("  blanks  ", "'  blanks  '"),
        ("a\nb\n", "'a\nb\n'"),
        ("it's $5", "'it\\'s $5'"),
        ("a$\\", '"a\\$\\\\"'),
        ("a$\\'b", '"a\\$\\\\\'b"'),
        ("'", "'\\''"),
        ("# x", "'# x'"),
        ("\u00a0x", "'\u00a0x'"),
    ],
)
def test_what_needs_quotes(value: str, quoted: str) -> None:
    assert dotenv.quote(value) == quoted and read(quoted) == value


@given(st.text(st.sampled_from("ab $#'\"\\\n\t;=é{}")))
def test_every_value_arrives(value: str) -> None:
    assert read(dotenv.quote(value)) == value


def test_what_no_environment_can_hold() -> None:
    with pytest.raises(dotenv.Unquotable, match="NUL"):
        dotenv.quote("a\0b")


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("plain-1=", "plain-1="),
        ("a;b", '"a;b"'),
        (" a ", '" a "'),
        ('a"b', "'a\"b'"),
        ("a'b", '"a\'b"'),
        ("a'\"b", '"a\'""b"'),
    ],
)
def test_a_connection_string_s_values(value: str, quoted: str) -> None:
    assert dotenv.quote_in_pair(value) == quoted


FILE = """\
# A comment, with @secret(odd)@ in it.
PLAIN=@secret(plain)@
ODD=@secret(odd)@
DB=Host=db;Username=u;Password=@secret(odd)@
OTHER=Host=db;Password=@secret(plain)@;Port=1
URL=http://h/?k=@secret(plain)@
TEXT='two
lines'
QUOTED="@secret(plain)@"
"""


def test_secrets_arrive_wherever_they_are_referred_to() -> None:
    resolved = dotenv.resolve(FILE, {"plain": "p", "odd": "a;$b"})
    assert resolved.splitlines() == [
        "# A comment, with a;$b in it.",
        "PLAIN=p",
        "ODD='a;$b'",
        "DB='Host=db;Username=u;Password=\"a;$b\"'",
        "OTHER=Host=db;Password=p;Port=1",
        "URL=http://h/?k=p",
        "TEXT='two",
        "lines'",
        'QUOTED="p"',
    ]


def test_a_template_s_own_quotes_hold_simple_secrets_only() -> None:
    with pytest.raises(dotenv.Unquotable, match=r"QUOTED= expected the secret in it without quotes"):
        dotenv.resolve(FILE, {"plain": "p$", "odd": "x"})


def test_nothing_shows_a_secret_in_any_of_its_spellings() -> None:
    odd = 'it\'s; "5$" \\x'
    text = dotenv.resolve(FILE, {"plain": "p", "odd": odd})
    masked = secret_store.mask(text, {"odd": odd})
    assert [line.partition("=")[2] for line in masked.splitlines()[2:4]] == [
        f"'{secret_store.MASK}'",
        f"'Host=db;Username=u;Password=\"{secret_store.MASK}\"'",
    ]
    assert "5$" not in masked
