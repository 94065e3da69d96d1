# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands in messages, as the operator at this terminal has to type them.

Messages, also those made on the server, say ``ansible-playbook rollback.yml -e ...``. Only the controller knows which inventory the
operator gave and whether he called a file of a checkout or a playbook of an installed collection: it puts that in.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.parsing.splitter import parse_kv
from ansible.plugins.action import ActionBase

COLLECTION = "rarebooks.platform"
COMMAND = re.compile(r"\bansible-playbook (?P<playbook>[a-z_]+)\.yml\b")
SENTENCE_WITH_COMMAND = re.compile(rf"(?<=[.:]) (?=(?:[^.:\n]|[.:](?! ))*{COMMAND.pattern})")
# How the program was called that runs playbooks in a container, where it did (controller/rarebooks).
WRAPPER = "RAREBOOKS_CALLED_AS"
# Playbooks that work on this machine alone.
LOCAL = ("package",)
# Of what was typed with -e, what says where a server keeps everything; the rest may be secret, or was meant for one run.
PLACES = ("stack_path", "stack_project")
# Options without which the same server is not reached: what holds their value, and their default.
OPTIONS = (
    ("-l", "subset", C.DEFAULT_SUBSET),
    ("-u", "remote_user", C.DEFAULT_REMOTE_USER),
    ("--private-key", "private_key_file", C.DEFAULT_PRIVATE_KEY_FILE),
)
QUESTIONS = (
    ("-k", "ask_pass", C.DEFAULT_ASK_PASS),
    ("-K", "become_ask_pass", C.DEFAULT_BECOME_ASK_PASS),
    ("-J", "ask_vault_pass", C.DEFAULT_ASK_VAULT_PASS),
)


def as_called(text: str) -> str:
    """Return a message with each of its commands as this operator has to type it.

    Of a message of one line, the sentence with the first command gets a line of its own: Ansible folds what is only one, and a folded
    command cannot be copied.
    """
    return replaced(text if "\n" in text else SENTENCE_WITH_COMMAND.sub("\n", text, count=1))


def replaced(text: str) -> str:
    """Return a text with each of its commands as this operator has to type it, and nothing else changed."""
    return COMMAND.sub(lambda match: _command(match["playbook"]), text)


def in_result(result: dict[str, Any]) -> dict[str, Any]:
    """Return a module's result, its messages with commands as this operator has to type them."""
    texts: dict[str, Any] = {key: _rewritten(result[key]) for key in ("msg", "notes", "warnings") if key in result}
    # What Ansible shows first is the message as the module gave it; without that, it takes ours.
    left = {key: value for key, value in result.items() if key != "exception" or texts.get("msg") == result.get("msg")}
    return {**left, **texts}


def _rewritten(value: Any) -> Any:
    if isinstance(value, list):
        return [_rewritten(item) for item in value]
    return as_called(value) if isinstance(value, str) else value


class MessageAction(ActionBase):  # type: ignore[misc]
    """The action of a module whose messages print commands."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, and say its commands as the operator has to type them."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars))
        return in_result(result)


def _command(name: str) -> str:
    arguments: Mapping[str, Any] = context.CLIARGS
    inventory = [] if name in LOCAL else list(_inventory(arguments))
    extra = [] if name in LOCAL else list(_places(arguments))
    wrapper = os.environ.get(WRAPPER, "")
    if wrapper:
        # As it was typed: another shell's path is not quoted by our rules.
        return " ".join([wrapper, name, *map(shlex.quote, [*inventory, *_options(arguments), *extra])])
    return shlex.join(["ansible-playbook", *inventory, *_options(arguments), _playbook(name, arguments), *extra])


def _inventory(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Yield the inventories that were typed; where none was, a setting names it, which is still there."""
    given = list(arguments.get("inventory") or [])
    for source in given if given != list(C.DEFAULT_HOST_LIST) else []:
        yield from ("-i", source if "," in source else _from_here(source))


def _options(arguments: Mapping[str, Any]) -> Iterator[str]:
    for option, name, default in OPTIONS:
        value = arguments.get(name)
        if value and value != default:
            yield from (option, str(value))
    yield from (option for option, name, default in QUESTIONS if arguments.get(name) and not default)
    for path in arguments.get("vault_password_files") or []:
        if path != C.DEFAULT_VAULT_PASSWORD_FILE:
            yield from ("--vault-password-file", _from_here(path))
    for identity in arguments.get("vault_ids") or []:
        if identity not in C.DEFAULT_VAULT_IDENTITY_LIST:
            yield from ("--vault-id", str(identity))


def _places(arguments: Mapping[str, Any]) -> Iterator[str]:
    for typed in arguments.get("extra_vars") or []:
        if typed[:1] not in ("@", "/", ".", "{", "["):
            for name, value in parse_kv(typed).items():
                if name in PLACES:
                    yield from ("-e", f"{name}={value}")


def _playbook(name: str, arguments: Mapping[str, Any]) -> str:
    """Return the playbook beside the one that was called, or the collection's where an operator's own uses our roles."""
    for called in arguments.get("args") or []:
        beside = os.path.join(os.path.dirname(called), f"{name}.yml")
        if called.startswith(f"{COLLECTION}."):
            break
        if os.path.isfile(beside) and os.path.isfile(os.path.join(os.path.dirname(called), "galaxy.yml")):
            return beside
    return f"{COLLECTION}.{name}"


def _from_here(path: str) -> str:
    """Return a path as somebody would type it in the directory he is in."""
    relative = os.path.relpath(path, os.getcwd())
    return path if relative.startswith("..") else relative
