# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a whole configuration of nginx: its server blocks, their locations, and what stands beside them at http level."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_lexer import NginxError, Token, line_of, tokens

# `nginx -T` prints this line before each file.
_FILE = re.compile(r"^# configuration file (\S.*):\r?\n", re.MULTILINE)
# Modules of nginx that read what stands between their braces in a language of their own.
_FOREIGN = re.compile(r".*_by_lua_block")
# Where nginx looks for its configuration, in the image and in a tree of ours.
MAIN = "/etc/nginx/nginx.conf"
# Includes within includes; nginx itself has no limit, but a file that includes itself never ends.
_DEEPEST = 20


@dataclass(frozen=True)
class Directive:
    """A directive, where it stands, and its block if it has one; includes are replaced by what they include."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    # As it stands in its file, from its name to its ; or }. Includes are replaced by what they include.
    text: str
    block: tuple[Directive, ...] | None = None

    def all(self, *names: str) -> list[Directive]:
        """Return the directives of these names in its block, in their order."""
        return [one for one in self.block or () if one.name in names]

    def walk(self) -> Iterator[Directive]:
        """Yield itself and everything below it."""
        yield self
        for one in self.block or ():
            yield from one.walk()


@dataclass(frozen=True)
class Location:
    """A location of a server block; a location within another one comes with the blocks it lies in."""

    directive: Directive
    around: tuple[Directive, ...]

    @property
    def modifier(self) -> str:
        return self.directive.args[0] if len(self.directive.args) == 2 else _attached(self.directive.args[0])[0]

    @property
    def path(self) -> str:
        return self.directive.args[1] if len(self.directive.args) == 2 else _attached(self.directive.args[0])[1]

    @property
    def is_regex(self) -> bool:
        return self.modifier in ("~", "~*")

    def matches(self, path: str) -> bool:
        """Say whether its regular expression matches a path; not, where only nginx's library understands it."""
        try:
            # Only the name of a group is written in another way there.
            found = re.search(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", self.path), path, re.IGNORECASE if self.modifier == "~*" else 0)
        except re.error:
            return False
        return bool(found)

    @property
    def called(self) -> str:
        """Return modifier and path as nginx writes them."""
        return f"{self.modifier} {self.path}".strip()


@dataclass(frozen=True)
class Server:
    """A server block."""

    directive: Directive

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return its names in lower case; one that stands for none or any is _."""
        given = [name.lower() for one in self.directive.all("server_name") for name in one.args]
        return tuple(dict.fromkeys(name or "_" for name in given)) or ("_",)

    @property
    def listens(self) -> list[tuple[str, ...]]:
        return [one.args for one in self.directive.all("listen")] or [("80",)]

    @property
    def ssl(self) -> bool:
        return any("ssl" in args or "quic" in args for args in self.listens) or any(
            one.args == ("on",) for one in self.directive.all("ssl")
        )

    @property
    def is_default(self) -> bool:
        return any({"default_server", "default"} & set(args) for args in self.listens)

    @cached_property
    def locations(self) -> list[Location]:
        """Return its locations and those within them, without the named ones, which no request asks for."""
        return [one for one in _locations(self.directive, ()) if not one.path.startswith("@")]


@dataclass(frozen=True)
class Configuration:
    """Everything that one nginx reads."""

    directives: tuple[Directive, ...]

    @cached_property
    def http(self) -> tuple[Directive, ...]:
        """Return what stands at http level."""
        return tuple(inner for one in self.directives if one.name == "http" for inner in one.block or ())

    @cached_property
    def servers(self) -> list[Server]:
        return [Server(one) for one in self.http if one.name == "server"]


def parse_dump(output: str) -> Configuration:
    """Read the output of `nginx -T`."""
    starts = list(_FILE.finditer(output))
    if not starts:
        raise NginxError(
            "nginx -T: expected a line `# configuration file PATH:` before each file, got none. Run `docker exec CONTAINER nginx -T` on "
            "the server: what it prints is read here."
        )
    ends = [one.start() for one in starts[1:]] + [len(output)]
    files: dict[str, str] = {}
    for start, end in zip(starts, ends, strict=True):
        files.setdefault(start[1], output[start.end() : end])
    return parse(files, starts[0][1])


def parse_tree(files: Mapping[str, str]) -> Configuration:
    """Read the configuration in a tree of ours, which nginx has mounted as /etc/nginx."""
    mounted = {f"/etc/{path}": text for path, text in files.items() if path.startswith("nginx/")}
    return parse(mounted, MAIN)


def parse(files: Mapping[str, str], main: str) -> Configuration:
    """Read files by their paths as nginx sees them, from the main one on."""
    return Configuration(tuple(_File(files, main, posixpath.dirname(main)).directives()))


class _File:
    """One file on its way to directives."""

    def __init__(self, files: Mapping[str, str], path: str, prefix: str, depth: int = 0) -> None:
        self._files = files
        self._path = path
        self._prefix = prefix
        self._depth = depth
        self._source = files[path]
        self._tokens = tokens(self._source, path)
        # Where the last block ended, and what includes were replaced by.
        self._end = 0
        self._replaced: list[tuple[int, int, str]] = []

    def directives(self) -> list[Directive]:
        return self._block(None)

    def text(self) -> str:
        """Return the whole file, its includes replaced; to be asked after its directives."""
        return self._verbatim(0, len(self._source)).removeprefix("\ufeff")

    def _block(self, opened: Token | None) -> list[Directive]:
        """Return the directives up to the } of a block, or to the end of the file where none was opened."""
        found: list[Directive] = []
        words: list[Token] = []
        for token in self._tokens:
            if not token.sign:
                words.append(token)
            elif token.text == "}" and opened and not words:
                self._end = token.end
                return found
            elif not words or token.text == "}":
                raise self._fault(token.start, f"expected a directive that ends in ; or a block, got {token.text}")
            else:
                found += self._directive(words, token)
                words = []
        if opened or words:
            raise self._fault((opened or words[0]).start, "expected the end of what begins here, got the end of the file")
        return found

    def _directive(self, words: list[Token], last: Token) -> list[Directive]:
        name, args, start = words[0].text, tuple(word.text for word in words[1:]), words[0].start
        if _FOREIGN.fullmatch(name):
            raise self._fault(
                start, f"expected directives of nginx, got Lua ({name}), which is not read. Move it to a file (*_by_lua_file)"
            )
        if name == "include" and len(args) == 1:
            return self._include(args[0], start, last.end)
        block, end = None, last.end
        if last.text == "{":
            block = tuple(self._block(last))
            end = self._end
        return [Directive(name, args, self._path, line_of(self._source, start), self._verbatim(start, end), block)]

    def _include(self, pattern: str, start: int, end: int) -> list[Directive]:
        """Return what an include stands for."""
        whole = posixpath.join(self._prefix, pattern)
        paths = _matching(whole, self._files)
        if not paths and not set("*?[") & set(whole):
            raise self._fault(start, f"expected the file {whole} among those that `nginx -T` printed, got none of that name")
        if self._depth >= _DEEPEST:
            raise self._fault(start, f"expected at most {_DEEPEST} includes within each other, got more")
        files = [_File(self._files, path, self._prefix, self._depth + 1) for path in paths]
        found = [one for file in files for one in file.directives()]
        indent = " " * (start - 1 - self._source.rfind("\n", 0, start))
        texts = [f"# From {file._path}:\n{file.text().strip()}\n" for file in files] or [f"# Nothing matched {whole}.\n"]
        # A comment would swallow what follows the include in its line.
        self._replaced.append((start, end, textwrap.indent("".join(texts), indent).lstrip() + indent))
        return found

    def _verbatim(self, start: int, end: int) -> str:
        """Return a part of the file with the first line's own indentation, includes replaced by what they stand for."""
        line = self._source.rfind("\n", 0, start) + 1
        indent = self._source[line:start]
        pieces, at = [indent if not indent.strip() else ""], start
        for begin, finish, text in self._replaced:
            if start <= begin and finish <= end:
                pieces += [self._source[at:begin], text]
                at = finish
        return "".join([*pieces, self._source[at:end]])

    def _fault(self, at: int, what: str) -> NginxError:
        return NginxError(
            f"{self._path}:{line_of(self._source, at)}: {what}. See whether `nginx -t` in the proxy's container takes the file, and "
            "correct what it names."
        )


def _matching(pattern: str, paths: Iterable[str]) -> list[str]:
    """Return the paths that a pattern of an include means; no sign in it stands for a slash."""
    parts = pattern.split("/")
    return sorted(
        path
        for path in paths
        if len(path.split("/")) == len(parts)
        and all(fnmatch.fnmatchcase(one, part) for one, part in zip(path.split("/"), parts, strict=True))
    )


def _locations(block: Directive, around: tuple[Directive, ...]) -> Iterator[Location]:
    for one in block.all("location"):
        yield Location(one, around)
        yield from _locations(one, (*around, one))


def _attached(word: str) -> tuple[str, str]:
    """Take apart a modifier that no blank parts from its path, such as =/path, as nginx does."""
    for modifier in ("=", "^~", "~*", "~"):
        if word.startswith(modifier):
            return modifier, word[len(modifier) :]
    return "", word
