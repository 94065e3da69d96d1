"""Variables typed on a command line or in an INI inventory are texts: each use of a number or a yes-or-no of ours converts it.

ansible-core refuses a condition whose value is a text, and a text ``false`` is true wherever it is not refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
# What these tasks' keys hold is an expression without braces.
EXPRESSIONS = ("when", "that", "changed_when", "failed_when", "until")
# `default` and `mandatory` hand a value through.
THROUGH = ("default", "d", "mandatory")


def typed() -> dict[str, str]:
    """Return the filter that each of our numbers and truth values needs, by the variable's name."""
    found = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            found |= {name: option["type"] for name, option in entry["options"].items() if option["type"] in ("bool", "int")}
    return found


def expressions(value: Any, key: str = "") -> Iterator[str]:
    """Yield the templates in a part of a YAML document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from expressions(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner, key)
    elif isinstance(value, str) and key in EXPRESSIONS:
        yield f"{{{{ {value} }}}}"
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        yield value


def templates(path: Path) -> list[str]:
    text = path.read_text()
    return [text] if path.suffix == ".j2" else [found for document in yaml.safe_load_all(text) for found in expressions(document)]


class Uses:
    """The uses in one template of variables that need a filter and do not get it."""

    def __init__(self, filters: dict[str, str]) -> None:
        self.filters = filters
        self.unconverted: list[str] = []

    def look(self, node: nodes.Node, filters: tuple[str, ...] = (), text: bool = False) -> None:
        """Look at a node, upon which these filters are applied one after another, and which may become a part of a text."""
        if isinstance(node, nodes.Name):
            first = next((name for name in filters if name not in THROUGH), "")
            if not text and node.name in self.filters and first != self.filters[node.name]:
                self.unconverted.append(node.name)
        elif isinstance(node, nodes.Filter) and node.node is not None:
            self.look(node.node, (node.name, *filters))
            for inner in (*node.args, *(keyword.value for keyword in node.kwargs)):
                self.look(inner)
        elif isinstance(node, nodes.Output):
            # Between other text, a number is as good as its digits; alone, it is handed on as what it is.
            alone = len([part for part in node.nodes if not isinstance(part, nodes.TemplateData) or part.data.strip()]) == 1
            for part in node.nodes:
                self.look(part, text=not alone)
        elif isinstance(node, nodes.Concat):
            for part in node.nodes:
                self.look(part, text=True)
        elif isinstance(node, nodes.Test) and node.name in ("defined", "undefined"):
            return
        else:
            for inner in node.iter_child_nodes():
                self.look(inner)


def unconverted(template: str, filters: dict[str, str]) -> list[str]:
    uses = Uses(filters)
    for node in ENVIRONMENT.parse(template).body:
        uses.look(node)
    return uses.unconverted


ENVIRONMENT = Environment(extensions=["jinja2.ext.do"])
FILTERS = typed()
SOURCES = sorted(
    path
    for pattern in ("roles/*/*/**/*", "playbooks/**/*")
    for path in ROOT.glob(pattern)
    if path.suffix in (".yml", ".j2") and path.name != "argument_specs.yml"
)


def test_there_are_such_variables_of_either_kind() -> None:
    assert FILTERS["rollback_confirm"] == "bool" and FILTERS["proxy_https_port"] == "int"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_use_converts(path: Path) -> None:
    assert [(found, template) for template in templates(path) for found in unconverted(template, FILTERS)] == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ rollback_confirm }}", 1),
        ("{{ rollback_confirm | bool }}", 0),
        ("{{ rollback_confirm or not rollback_restore_database | bool }}", 1),
        ("{{ certificates_renew | default(false) | bool }}", 0),
        ("{{ certificates_renew | bool | default(false) }}", 0),
        ("{{ certificates_renew | int }}", 1),
        ("{{ [proxy_http_port, proxy_https_port | int] }}", 1),
        ("{{ 'a' if proxy_http_port == 80 else 'b' }}", 1),
        ("{% if proxy_hsts_seconds %}x{% endif %}", 1),
        ("max-age={{ proxy_hsts_seconds }}", 0),
        ("{{ ':' ~ proxy_http_port }}", 0),
        ("{{ stack_gate_deadline + 1 }}", 1),
        ("{{ stack_gate_deadline is defined }}", 0),
        ("{{ 5 | foo(stack_backup_keep) }}", 1),
        ("{{ {'a': certificates_staging} }}", 1),
    ],
)
def test_what_counts_as_converted(template: str, found: int) -> None:
    assert len(unconverted(template, FILTERS)) == found
