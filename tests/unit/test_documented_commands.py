"""Each command that a document or a message prints is one that a scenario types on a server, word for word."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from ansible.vars.reserved import is_reserved_name

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"ansible-playbook (?:-i \S+ )?(?:[a-z_]+\.yml|rarebooks\.platform\.[a-z_]+)(?: (?:-e [a-z_]+=\S+|--[a-z-]+))*")
# As tables name them, whose reader knows how each begins.
SHORT = re.compile(r"`([a-z_]+\.yml(?: (?:-e [a-z_]+=[^\s`]+|--[a-z-]+))+)`")
DOCUMENTS = [
    path
    for pattern in ("*.md", "demo/README.md", "docs/**/*.md", "roles/*/README.md", "inventories/example/**/*.yml")
    for path in sorted(ROOT.glob(pattern))
]
MESSAGES = [path for pattern in ("roles/**/*.yml", "roles/**/*.j2", "playbooks/*.yml") for path in sorted(ROOT.glob(pattern))]
ID, BACKUP = "20261124_083000", re.compile(r"(?<=rollback_to=)(?:\{\{.*?\}\}|<id>|\{\}|\{[^}]*\})")


def normalised(text: str) -> str:
    """Return a text on one line, with one inventory, one backup and one directory in place of any."""
    one_line = BACKUP.sub(ID, re.sub(r"\s+(?:# *)?", " ", text))
    # Messages name the app that they are about.
    one_app = re.sub(r"( app=| remove_confirm=)\{+.*?\}+", r"\1maymessenger", one_line)
    # And the database, which in Python's texts stands in braces of its own.
    one_app = re.sub(r"( database=| from=| confirm=)\{\{.*?\}\}", r"\1{}", one_app)
    # A moment is typed with or without a space in it.
    one_app = re.sub(r"restore_time=(?:'[^']*'|\S+)", "restore_time=MOMENT", one_app)
    return re.sub(r"package_source=[\w~/.]+", "package_source=DIRECTORY", one_app)


def shape(command: str) -> str:
    return re.sub(r" -i \S+", "", command).rstrip(".,;:)`'\"")


def strings(path: Path) -> list[str]:
    """Return the texts of a Python file, an expression within them as an empty pair of braces."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
    return found


def typed() -> set[str]:
    texts = [text for path in sorted(ROOT.glob("molecule/*/tests/printed.py")) for text in strings(path)]
    return {shape(found) for text in texts for found in COMMAND.findall(normalised(text))}


def test_documents_and_messages_print_only_what_is_typed_on_a_server() -> None:
    plugins = [text for path in sorted((ROOT / "plugins").rglob("*.py")) for text in strings(path)]
    printed = {
        shape(found)
        for text in [*(path.read_text() for path in [*DOCUMENTS, *MESSAGES]), *plugins]
        for found in COMMAND.findall(normalised(text))
    }
    assert len(printed) >= 12
    assert sorted(printed - typed()) == []


def test_documents_shorten_only_what_is_typed_on_a_server() -> None:
    shortened = {shape(f"ansible-playbook {normalised(found)}") for path in DOCUMENTS for found in SHORT.findall(path.read_text())}
    assert len(shortened) >= 20
    assert sorted(shortened - typed()) == []


def test_no_command_gives_a_variable_a_name_that_ansible_warns_of() -> None:
    texts = [path.read_text() for path in [*DOCUMENTS, *MESSAGES]]
    texts += [text for path in sorted((ROOT / "plugins").rglob("*.py")) for text in strings(path)]
    given = {name for text in texts for command in COMMAND.findall(normalised(text)) for name in re.findall(r"-e ([a-z_]+)=", command)}
    assert "operation" in given and sorted(filter(is_reserved_name, given)) == []
