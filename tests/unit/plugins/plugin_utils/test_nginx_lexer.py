"""A configuration of nginx is cut into the words that nginx sees."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_lexer import NginxError, tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("listen 80;", ["listen", "80", ";"]),
        ("\tlisten\t80 ;\r\n", ["listen", "80", ";"]),
        ("\ufeffevents{}", ["events", "{", "}"]),
        ("a 'b # c' \"d;{}\";", ["a", "b # c", "d;{}", ";"]),
        (r"a 'it\'s' \"b\" c\d\\;", ["a", "it's", '"b"', r"c\d" + "\\", ";"]),
        (r'return 200 "a\n\t\q";', ["return", "200", "a\n\t\\q", ";"]),
        ("a b#c; # d } ;\ne;", ["a", "b#c", ";", "e", ";"]),
        ("a b'c\"d;", ["a", "b'c\"d", ";"]),
        ("a ${host}b ${c}{", ["a", "${host}b", "${c}", "{"]),
        ('location ~ "^/a{2}$" {', ["location", "~", "^/a{2}$", "{"]),
        ("a b}c;", ["a", "b}c", ";"]),
        ("# only a comment", []),
        ("a \\", ["a", "\\"]),
        ("a ''  \"\";", ["a", "", "", ";"]),
    ],
)
def test_words_are_those_that_nginx_sees(text: str, words: list[str]) -> None:
    assert [one.text for one in tokens(text, "f")] == words


def test_each_word_says_where_it_stands() -> None:
    text = "a 'b c' {"
    assert [text[one.start : one.end] for one in tokens(text, "f")] == ["a", "'b c'", "{"]
    assert [one.sign for one in tokens("'{' {", "f")] == [False, True]


def test_a_quote_that_nobody_closes_is_named_with_its_line() -> None:
    with pytest.raises(NginxError, match=r"/etc/nginx/a\.conf:3: expected a closing '"):
        list(tokens("a;\n\nb 'c\nd;", "/etc/nginx/a.conf"))
