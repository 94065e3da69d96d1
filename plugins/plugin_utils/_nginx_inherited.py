# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a block has from the blocks around it, and would lose when it is put elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Directive
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_targets import variables

# Directives that nginx takes in locations too and hands down to them. TLS is not among them, nor are logs: ours are stricter than those
# that most servers have, and hide tokens.
_HANDED_DOWN = re.compile(
    r"(?:proxy|fastcgi|uwsgi|scgi|grpc)_.*|client_(?:body_.*|max_body_size)|gzip.*|add_(?:header|trailer)|expires|root|index|autoindex.*"
    r"|error_page|recursive_error_pages|auth_.*|allow|deny|satisfy|limit_(?:req|conn|rate).*|charset.*|default_type|types|sub_filter.*"
    r"|sendfile.*|tcp_no.*|if_modified_since|etag|send_timeout|keepalive_.*|resolver.*|absolute_redirect|port_in_redirect"
    r"|server_name_in_redirect|open_file_cache.*|max_ranges|secure_link.*"
)
# Of these only what they define is known to more than one block, and it stands at http level.
_HTTP_ONLY = re.compile(r".*_(?:zone|cache_path|pass)")
_SERVES_FILES = {"root", "alias", "try_files", "index", "autoindex"}


def handed_down(block: Directive, around: Sequence[Iterable[Directive]]) -> list[Directive]:
    """Return the directives that hold in a block because they stand around it; around goes from the inside out.

    Directives of one name that stand in a block take the place of all of this name around it: so nginx has it for nearly all.
    """
    files = _answers_itself(block)
    have = {one.name for one in block.block or ()}
    found: list[Directive] = []
    for scope in around:
        here = [one for one in scope if _is_handed_down(one, files) and one.name not in have]
        found += here
        have |= {one.name for one in here}
    return found


def _is_handed_down(one: Directive, files: bool) -> bool:
    if one.name in ("types", "root", "index", "default_type") and not files:
        return False
    return bool(_HANDED_DOWN.fullmatch(one.name)) and not _HTTP_ONLY.fullmatch(one.name) and (one.block is None or one.name == "types")


def answer_type(block: Directive, inherited: Iterable[Directive]) -> list[str]:
    """Return what keeps the type of nginx's own answers, where nobody states it: nginx's default, since the proxy has another one."""
    stated = any(one.name == "default_type" for one in [*(block.block or ()), *inherited])
    return ["default_type text/plain;"] if _answers_itself(block) and not stated else []


def _answers_itself(block: Directive) -> bool:
    return any(one.name in _SERVES_FILES or (one.name == "return" and one.args[0][:1] == "2") for one in block.walk() if one.args)


def variables_set(block: Directive, around: Sequence[Iterable[Directive]]) -> list[Directive]:
    """Return what sets the variables of a block around it."""
    found: list[Directive] = []
    used = set(variables([block])) - {one.args[0].removeprefix("$") for one in block.all("set") if one.args}
    for scope in around:
        here = [one for one in scope if one.name == "set" and one.args and one.args[0].removeprefix("$") in used]
        found = here + found
        used |= set(variables(here))
    return found
