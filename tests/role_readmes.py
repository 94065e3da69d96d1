"""Each role's README.md, written from its meta/argument_specs.yml, so that the two cannot differ.

Usage: python tests/role_readmes.py      writes them; tests/unit/test_role_readmes.py says when that was forgotten
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
# Ansible's semantic markup: B() is bold, a module or plugin is named, the rest is code.
BOLD = re.compile(r"\bB\((.*?)\)")
PLUGIN = re.compile(r"\b[MP]\(([^)#]*)[^)]*\)")
CODE = re.compile(r"\b[CEORV]\((.*?)\)")
HEAD = "| variable | type | default | meaning |\n|---|---|---|---|"


def text(description: str | list[str]) -> str:
    """Return a description, its markup turned into Markdown, on one line."""
    sentences = [description] if isinstance(description, str) else description
    joined = " ".join(" ".join(sentence.split()) for sentence in sentences)
    return CODE.sub(r"`\1`", PLUGIN.sub(r"`\1`", BOLD.sub(r"**\1**", joined)))


def kind(option: dict[str, Any]) -> str:
    """Return an option's type as a person would say it."""
    name = str(option.get("type", "str"))
    return f"list of {option['elements']}" if name == "list" and "elements" in option else name


def default(option: dict[str, Any]) -> str:
    """Return the default in YAML's flow style, of which JSON is the unmistakable part."""
    if option.get("required"):
        return "**required**"
    value = option.get("default")
    return f"`{value if isinstance(value, str) and value else json.dumps(value)}`"


def rows(options: dict[str, Any], parent: str = "") -> Iterator[str]:
    """Yield one row of the table for each option, each followed by what is inside it."""
    for name, option in options.items():
        meaning = text(option["description"])
        if "choices" in option:
            meaning += f" One of {', '.join(f'`{choice}`' for choice in option['choices'])}."
        if option.get("no_log"):
            meaning += " Never shown."
        cells = (f"`{parent}{name}`", kind(option), default(option), meaning)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield from rows(option.get("options", {}), f"{parent}{name}{'[]' if option.get('type') == 'list' else ''}.")


def variables(options: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    """Yield the variables of an entry point: those of the role by their names, the others with what they mean."""
    same = [name for name, option in options.items() if known.get(name) == option]
    if same:
        yield "Variables: those of the role." if options == known else f"Variables of the role: {', '.join(f'`{name}`' for name in same)}."
    if len(same) < len(options):
        yield "\n".join([HEAD, *rows({name: option for name, option in options.items() if name not in same})])


def head(role: Path, spec: dict[str, Any] | None) -> list[str]:
    """Return what a role is as a whole; one of entry points alone says it where Galaxy reads it."""
    parts = [
        "<!-- Written by tests/role_readmes.py from meta/argument_specs.yml: change that, and run it. -->",
        f"# rarebooks.platform.{role.name}",
    ]
    if spec is None:
        return [*parts, f"{yaml.safe_load((role / 'meta/main.yml').read_text())['galaxy_info']['description']}."]
    parts += [
        f"{text(spec['short_description'])}.",
        "\n".join(f"- {text(line)}" for line in spec["description"]),
        "## Variables",
        "\n".join([HEAD, *rows(spec["options"])]),
    ]
    if (role / "tasks").is_dir():
        play = f"- hosts: rarebooks\n  become: true\n  roles:\n    - role: rarebooks.platform.{role.name}"
        parts += ["## Example", f"```yaml\n{play}\n```"]
    return parts


def entries(role: Path) -> dict[str, Any]:
    """Return the argument specs of a role's entry points."""
    loaded: dict[str, Any] = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]
    return loaded


def readme(role: Path) -> str:
    """Return the whole file of one role."""
    parts_of_it = entries(role)
    spec = parts_of_it.pop("main", None)
    parts = head(role, spec)
    if parts_of_it:
        parts += ["## Entry points", "Parts of the role that others use by themselves, with `tasks_from`."]
    for name, entry in sorted(parts_of_it.items()):
        parts += [f"### {name}", f"{text(entry['short_description'])}.", "\n".join(f"- {text(line)}" for line in entry["description"])]
        parts += variables(entry["options"], spec["options"] if spec else {})
    return "\n\n".join(parts) + "\n"


def roles() -> list[Path]:
    """Return the directories of the collection's roles."""
    return sorted(path.parent.parent for path in ROOT.glob("roles/*/meta/argument_specs.yml"))


if __name__ == "__main__":
    for directory in roles():
        (directory / "README.md").write_text(readme(directory))
