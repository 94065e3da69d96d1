"""What must be the same in several places of this repository, and what must be nowhere in it."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import context
from ansible.errors import AnsibleFilterError
from ansible.utils.context_objects import CLIArgs
from ansible_collections.rarebooks.platform.plugins.doc_fragments.attributes import ModuleDocFragment
from ansible_collections.rarebooks.platform.plugins.filter.servers import servers
from ansible_collections.rarebooks.platform.plugins.module_utils._base.published_secrets import PUBLISHED_SECRETS

ROOT = Path(__file__).resolve().parents[2]
LINKS = ["galaxy.yml", "meta", "playbooks", "plugins", "roles"]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
MODULES = sorted((ROOT / "plugins/modules").glob("*.py"))
PYTHON_TYPES = {"str": str, "path": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


GIVEN = re.compile(r"\{\{ (\w+) \| default\((.*?)\)(?: \| \w+)? \}\}")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def name_of(path: Path) -> str:
    return path.stem


def defaults(role: Path) -> dict[str, Any]:
    """Return what holds where nothing is given; beside names after a playbook, not the role, it is NAME | default(VALUE)."""
    path = role / "defaults/main.yml"
    loaded: dict[str, Any] = load(path) if path.exists() else {}
    given = GIVEN.findall((role / "vars/main.yml").read_text()) if not path.exists() and (role / "vars/main.yml").exists() else []
    return loaded | {name: yaml.safe_load(value) for name, value in given}


def options(role: Path) -> dict[str, Any]:
    """Return the options of a role, of one that consists of entry points those of each."""
    entries: dict[str, Any] = load(role / "meta/argument_specs.yml")["argument_specs"]
    whole = [entries["main"]] if "main" in entries else entries.values()
    every = [(name, option) for entry in whole for name, option in entry["options"].items()]
    # What one entry point requires may have a default in another.
    return dict(sorted(every, key=lambda one: not one[1].get("required")))


def required(role: Path) -> set[str]:
    return {name for name, option in options(role).items() if option.get("required")}


@pytest.mark.parametrize("name", LINKS)
def test_the_checkout_is_the_collection_through_links(name: str) -> None:
    link = ROOT / "collections/ansible_collections/rarebooks/platform" / name
    assert link.is_symlink() and not link.readlink().is_absolute()
    assert link.resolve(strict=True) == ROOT / name


def test_there_are_no_other_links() -> None:
    assert sorted(path.name for path in (ROOT / "collections/ansible_collections/rarebooks/platform").iterdir()) == LINKS


def test_galaxy_and_requirements_name_the_same_collections() -> None:
    wanted = {item["name"]: item["version"] for item in load(ROOT / "requirements.yml")["collections"]}
    assert load(ROOT / "galaxy.yml")["dependencies"] == wanted


def test_playbooks_of_the_root_only_import_and_stay_out_of_the_artefact() -> None:
    roots = sorted(path.name for path in ROOT.glob("*.yml") if isinstance(load(path), list))
    assert roots == sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))
    assert set(roots) <= set(load(ROOT / "galaxy.yml")["build_ignore"])
    for name in roots:
        (play,) = load(ROOT / name)
        assert list(play) == ["name", "ansible.builtin.import_playbook"]
        assert f"'playbooks/{name}' if" in play["ansible.builtin.import_playbook"]


def test_a_checkout_without_links_is_told_how_to_get_them(tmp_path: Path) -> None:
    """Git for Windows writes text files in their place."""
    links = tmp_path / "collections/ansible_collections/rarebooks/platform"
    links.mkdir(parents=True)
    for name in LINKS:
        (links / name).write_text(f"../../../../{name}")
    for name in ("docs", "playbooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "backups.yml", tmp_path)
    # From another directory, as whoever calls it from a script.
    argv = [sys.executable, "-m", "ansible", "playbook", str(tmp_path / "backups.yml")]
    done = subprocess.run(argv, cwd=ROOT / "docs", capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert (ROOT / "docs/no-links.txt").read_text().strip() in done.stderr


@pytest.mark.parametrize("role", ROLES, ids=name_of)
def test_argument_specs_are_the_defaults(role: Path) -> None:
    documented = {name: option.get("default") for name, option in options(role).items() if name not in required(role)}
    assert documented == defaults(role)


@pytest.mark.parametrize("role", ROLES, ids=name_of)
def test_argument_specs_have_types_that_fit(role: Path) -> None:
    for name, option in options(role).items():
        assert option["description"], name
        if name in required(role):
            assert "default" not in option and name not in defaults(role), name
        else:
            # type(), since True is an instance of int.
            assert type(option["default"]) is PYTHON_TYPES[option["type"]], name
        assert ("elements" in option) == (option["type"] == "list"), name
        for item in option.get("default") or [] if option["type"] == "list" else []:
            assert type(item) is PYTHON_TYPES[option["elements"]], name


@pytest.mark.parametrize("role", ROLES, ids=name_of)
def test_passwords_are_hidden_from_the_log(role: Path) -> None:
    for name, option in options(role).items():
        if re.search(r"password(?!_kept)|secret$|_key$|invite_code", name):
            assert option.get("no_log"), name


def set_by_tasks(role: Path) -> Iterator[str]:
    """Yield the variables that a role's tasks set: registered, by set_fact, as loop variable."""
    for path in role.glob("tasks/*.yml"):
        yield from re.findall(r"^ *(?:register|loop_var): *(\w+)$", path.read_text(), re.MULTILINE)
        yield from facts(load(path))


def facts(tasks: list[dict[str, Any]]) -> Iterator[str]:
    for task in tasks:
        yield from task.get("ansible.builtin.set_fact", {})
        for part in ("block", "rescue", "always"):
            yield from facts(task.get(part, []))


@pytest.mark.parametrize("role", ROLES, ids=name_of)
def test_variables_begin_with_the_name_of_their_role(role: Path) -> None:
    internal = load(role / "vars/main.yml") if (role / "vars/main.yml").exists() else {}
    own = defaults(role) if (role / "defaults").exists() else {}
    for name in [*own, *internal, *set_by_tasks(role)]:
        assert re.match(rf"(__)?{role.name}_", name), name


INTERNAL = re.compile(r"\b__([a-z]+)_\w+")


@pytest.mark.parametrize("place", [*ROLES, ROOT / "playbooks"], ids=name_of)
def test_internal_variables_stay_in_their_role(place: Path) -> None:
    """What another role, or a playbook, may use has a public name."""
    roles = {role.name for role in ROLES} - {place.name}
    texts = [path for path in place.rglob("*") if path.is_file() and path.suffix in (".yml", ".j2") and "group_vars" not in path.parts]
    used = {(path.name, found[0]) for path in texts for found in INTERNAL.finditer(path.read_text()) if found[1] in roles}
    assert not used, f"{place.name} uses what is internal to another role: {sorted(used)}"


def test_tasks_do_set_variables() -> None:
    assert "__stack_server" in set_by_tasks(ROOT / "roles/stack") and "stack_began" in set_by_tasks(ROOT / "roles/stack")


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_modules_say_how_they_behave_in_check_and_diff_mode(module: Path) -> None:
    text = re.search(r'^DOCUMENTATION = r"""\n(.*?)^"""', module.read_text(), re.MULTILINE | re.DOTALL)
    assert text
    documentation = yaml.safe_load(text.group(1))
    assert documentation["module"] == module.stem
    attributes = documentation.get("attributes", {})
    for name in documentation.get("extends_documentation_fragment", []):
        file, _dot, part = name.rpartition(".")
        if file == "rarebooks.platform.attributes":
            attributes |= yaml.safe_load(getattr(ModuleDocFragment, part.upper()))["attributes"]
    for mode in ("check_mode", "diff_mode"):
        assert attributes[mode]["support"] in ("full", "partial", "none", "N/A") and attributes[mode]["description"]
    assert attributes["check_mode"]["support"] == "full"


def words(text: str) -> Iterator[str]:
    """Yield everything in a text that could be a secret: what stands between blanks, quotes or assignments, and its inner words."""
    for separators in (r"\s", r"[\s\"'`<>|(){}\[\],;]", r"[\s\"'`<>|(){}\[\],;:=]", r"[^\w!@#$%^&*+.-]", r"\W"):
        for word in re.split(f"{separators}+", text):
            yield word
            yield word.strip(".,:;!?")


def burned(text: str, published: frozenset[str]) -> bool:
    return any(hashlib.sha256(word.encode()).hexdigest() in published for word in set(words(text)))


@pytest.mark.parametrize(
    "text", ["{}", "password: {}", 'PASSWORD="{}"', "Password={};Host=x", "`{}`.", "| {} |", "the {}, which", "x={} # y"]
)
@pytest.mark.parametrize("value", ["hunter2", "Hunter-2!", "+1555", "HUNTER2X"])
def test_a_published_secret_would_be_found(text: str, value: str) -> None:
    published = frozenset({hashlib.sha256(value.encode()).hexdigest()})
    assert burned(text.format(value), published) and not burned(text.format(f"{value}x"), published)


def test_no_published_secret_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    texts = {path: path.read_bytes() for path in paths if path.is_file()}
    assert len(texts) > 100
    readable = {path: content.decode(errors="replace") for path, content in texts.items() if b"\0" not in content}
    assert [path for path, content in readable.items() if burned(content, PUBLISHED_SECRETS)] == []


def test_files_of_an_inventory_lie_where_ansible_does_not_read_them_as_inventories() -> None:
    text = "".join(path.read_text() for path in [*(ROOT / "inventories/example").rglob("*.yml"), *(ROOT / "docs").rglob("*.md")])
    named = re.findall(r"inventory_dir \}\}(/[^\s\"]*)", text)
    assert len(named) >= 4 and [path for path in named if not path.startswith("/../")] == []
    assert "/inventories/files/" in (ROOT / ".gitignore").read_text().splitlines()


def test_a_playbook_refuses_an_inventory_without_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"syntax": False}))
    assert servers({"rarebooks": ["shop"]}) == "rarebooks"
    with pytest.raises(AnsibleFilterError, match="The inventory has no host in the group rarebooks"):
        servers({"all": ["shop"]})
    # Linters check the syntax, and have no inventory.
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"syntax": True}))
    assert servers({}) == "rarebooks"
    named = {path.stem for path in (ROOT / "playbooks").glob("*.yml") if "groups | rarebooks.platform.servers" in path.read_text()}
    assert named == {path.stem for path in (ROOT / "playbooks").glob("*.yml")} - {"package"}
