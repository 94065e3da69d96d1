"""config_tree as a play runs it: roles rendered on the controller, one module call, the report that a person sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[4]


class Play:
    """A playbook's directory with roles, and a server's directory beside it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.live = base / "server"
        (base / "secrets.json").write_text('{"word": "s3cr3t-word"}')

    def role(self, name: str, **files: str) -> Path:
        templates = self.base / "roles" / name / "templates"
        for path, text in files.items():
            (templates / path).parent.mkdir(parents=True, exist_ok=True)
            (templates / path).write_text(text)
        return templates

    def run(self, *options: str, **arguments: Any) -> tuple[int, str]:
        arguments = {"path": str(self.live), "secrets_file": str(self.base / "secrets.json")} | arguments
        task = {"name": "Tree", "rarebooks.platform.config_tree": arguments}
        keep = {
            "ansible.builtin.copy": {"content": "{{ tree | to_json }}", "dest": str(self.base / "result.json")},
            "check_mode": False,
            "diff": False,
        }
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"port": 5000, "hosts": ["a", "b"]},
            "tasks": [task | {"register": "tree"}, keep],
        }
        (self.base / "play.yml").write_text(json.dumps([play]))
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                "-i",
                "localhost,",
                "-c",
                "local",
                "-e",
                f"ansible_python_interpreter={sys.executable}",
                "play.yml",
                *options,
            ],
            cwd=self.base,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ
            | {
                "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
                "ANSIBLE_LOCAL_TEMP": str(self.base / "tmp"),
                "ANSIBLE_REMOTE_TEMP": str(self.base / "rtmp"),
            },
        )
        return done.returncode, done.stdout + done.stderr

    def result(self, *options: str, **arguments: Any) -> dict[str, Any]:
        code, output = self.run(*options, **arguments)
        assert code == 0, output
        found: dict[str, Any] = json.loads((self.base / "result.json").read_text())
        return found


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


TEMPLATE = """\
{% import 'lib/macros.j2' as lib %}
{% for host in hosts %}
  {% if true %}
  {{ lib.line(host) }}:{{ port }} \\n;
  {% endif %}
{% endfor %}
{% include 'lib/included.j2' %}
pass=@secret(word)@
"""


def test_a_play_renders_predicts_writes_and_then_has_nothing_to_do(play: Play) -> None:
    play.role(
        "one",
        **{
            "lib/macros.j2": "{% macro line(host) %}server {{ host }}{% endmacro %}",
            "lib/included.j2": "included {{ port }}\n",
            "tree/nginx/a.conf.j2": TEMPLATE,
            "tree/.env.j2": "PORT={{ port }}\n",
            "tree/unwanted.j2": "{% if false %}\nx\n{% endif %}\n\n",
            "tree/verbatim.txt": "{{ not a template }}\n",
            "not/in/the/tree.j2": "{{ undefined }}\n",
        },
    )
    play.role("two", **{"tree/two.json.j2": '{"port": {{ port }}}'})
    arguments = {"roles": ["one", "two"], "files": [{"path": "key.pem", "private_content": "k3y-s3cr3t-text\n"}]}

    predicted = play.result("--check", "--diff", **arguments)
    assert not play.live.exists()
    real = play.result("--diff", **arguments)
    keys = ("changed", "created", "updated", "removed", "recovered", "digest", "diff")
    assert {key: predicted[key] for key in keys} == {key: real[key] for key in keys}
    assert real["created"] == [".env", "key.pem", "nginx/a.conf", "two.json", "verbatim.txt"]
    texts = {path: (play.live / path).read_text() for path in real["created"]}
    assert texts == {
        ".env": "PORT=5000\n",
        "key.pem": "k3y-s3cr3t-text\n",
        "nginx/a.conf": "  server a:5000 \\n;\n  server b:5000 \\n;\nincluded 5000\npass=s3cr3t-word\n",
        "two.json": '{"port": 5000}',
        "verbatim.txt": "{{ not a template }}\n",
    }

    before = [path.stat().st_ctime_ns for path in sorted(play.live.rglob("*"))]
    assert not play.result("--diff", **arguments)["changed"]
    assert [path.stat().st_ctime_ns for path in sorted(play.live.rglob("*"))] == before

    play.role("one", **{"tree/nginx/a.conf.j2": TEMPLATE + "more={{ port }}\n"})
    code, output = play.run("--diff", "-vvv", **(arguments | {"roles": ["one"], "files": []}))
    assert code == 0
    assert "+more=5000" in output
    assert not (play.live / "key.pem").exists()
    assert "s3cr3t" not in output


def test_a_role_of_a_collection_is_found_by_its_full_name(play: Play) -> None:
    collection = play.base / "collections/ansible_collections/acme/shop"
    (collection / "roles/site/templates/tree").mkdir(parents=True)
    (collection / "roles/site/templates/tree/site.conf.j2").write_text("listen {{ port }};\n")
    assert play.result(roles=["acme.shop.site"])["created"] == ["site.conf"]


@pytest.mark.parametrize(
    ("files", "arguments", "message"),
    [
        (
            {"tree/d/x.conf.j2": "{{ nowhere }}"},
            {"roles": ["one"]},
            "Role one: templates/tree/d/x.conf.j2 cannot be rendered as UTF-8 text: 'nowhere' is undefined",
        ),
        (
            {"tree/x.conf.j2": "{% for %}"},
            {"roles": ["one"]},
            "Role one: templates/tree/x.conf.j2 cannot be rendered as UTF-8 text: Syntax error in template",
        ),
        ({"tree/x.conf.j2": "1"}, {"roles": ["one", "two"]}, "x.conf comes both from role one and from role two."),
        (
            {"tree/x.conf.j2": "1"},
            {"roles": ["one"], "files": [{"path": "x.conf", "content": "2"}]},
            "x.conf comes both from the task's files and from role one.",
        ),
        ({"other.j2": "1"}, {"roles": ["one"]}, "Role one has no directory templates/tree"),
        ({}, {"roles": ["acme.shop.missing"]}, "Role acme.shop.missing was not found on the controller."),
        ({}, {"roles": "one"}, "roles and files: expected lists"),
        ({}, {"files": [{"path": "a"}]}, "one of the following is required: content, private_content found in files"),
        ({}, {"files": [{"path": "../a", "content": ""}]}, "'../a' leads out of the tree"),
        ({}, {"files": [{"path": "a", "content": "@secret(none)@"}]}, "a needs none."),
        (
            {},
            {
                "files": [{"path": "a", "content": "@secret(word)@ k3y"}],
                "validators": [{"name": "It holds", "argv": ["grep", "-v", "k3y", "{tree}/a"]}],
            },
            "Validator: It holds. Expected it to exit 0, got 1: no output.",
        ),
    ],
)
def test_what_is_refused(play: Play, files: dict[str, str], arguments: dict[str, Any], message: str) -> None:
    play.role("one", **files)
    play.role("two", **{"tree/x.conf": "2"})
    code, output = play.run(**arguments)
    assert code == 2, output
    assert message in " ".join(output.split())
    assert "s3cr3t" not in output
    assert not play.live.exists()


DECLARED = {"vars": {"one_app": {"name": "one", "containers": [], "secrets": [{"name": "word"}]}}}


def test_an_app_brings_files_that_are_computed(play: Play) -> None:
    """Of several apps of one role each gets its own secrets; what is private is never shown."""
    play.role("one", **{"tree/a.txt": "a"})
    apps = [
        {"name": "x", "containers": [], "secrets": [{"name": "word"}], "files": [{"path": "x.env", "content": "X=@secret(word)@\n"}]},
        {"name": "y", "containers": [], "files": [{"path": "y.env", "content": "Y=not-for-eyes\n", "private": True}]},
    ]
    code, output = play.run("-e", json.dumps({"one_app": apps}), "--diff", roles=["one"])
    assert code == 0 and "not-for-eyes" not in output and "x.env" in output
    files = {path.name: (path.read_text(), path.stat().st_mode & 0o777) for path in play.live.iterdir() if path.suffix in (".env", ".txt")}
    assert files["y.env"] == ("Y=not-for-eyes\n", 0o600) and files["a.txt"] == ("a", 0o644) and files["x.env"][1] == 0o600
    apps[1]["files"][0]["content"] = "Y=@secret(word)@\n"
    code, output = play.run("-e", json.dumps({"one_app": apps}), roles=["one"])
    assert code == 2 and "Role one: y.env: expected references to secrets that one_app declares (none), got word." in " ".join(
        output.split()
    )


def test_an_app_gets_its_own_secrets_and_no_others(play: Play) -> None:
    play.role("one", **{"tree/a.env.j2": "A=@secret(word)@\n"})
    assert play.result("-e", json.dumps(DECLARED["vars"]), roles=["one"])["created"] == ["a.env"]
    play.role("one", **{"tree/b.env.j2": "A={{ 'other_word' | rarebooks.platform.secret }}\n"})
    code, output = play.run("-e", json.dumps(DECLARED["vars"]), roles=["one"])
    assert code == 2
    assert (
        "Role one: b.env: expected references to secrets that one_app declares (word), got other_word. Declare it in the app's "
        "description, or remove the reference. Nothing has been changed."
    ) in " ".join(output.split())
