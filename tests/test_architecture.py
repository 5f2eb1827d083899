"""The shape of the house: imports go one way, typed words are never called safe, no page holds style or script."""

import ast
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
MAY_IMPORT = {
    "apollo_site": {"appointments", "procedures", "practice", "outbox", "vault"},
    "appointments": {"procedures", "practice", "outbox", "vault"},
    "procedures": {"practice", "outbox", "vault"},
    "practice": {"vault"},
    "outbox": {"vault"},
    "vault": set(),
}
# Where HTML is made from text by hand: each place escapes, or takes nothing from outside.
MAY_CALL_SAFE = {
    "practice/markdown.py": "markdown-it-py with HTML off",
    "practice/jsonld.py": "JSON with <, > and & escaped, as data",
}


def modules():
    """(app, path below the root, syntax tree) of every module of the site, migrations included."""
    for app in MAY_IMPORT:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield app, str(path.relative_to(ROOT)), ast.parse(path.read_text())


def imported(tree, package):
    """The dotted name of everything that `tree` (a module inside `package`) imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: -node.level + 1 or None]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def package_of(path):
    return ".".join(Path(path).parent.parts)


def test_apps_import_one_way():
    against = [
        (path, name)
        for app, path, tree in modules()
        for name in imported(tree, package_of(path))
        if name.partition(".")[0] in MAY_IMPORT.keys() - MAY_IMPORT[app] - {app}
    ]

    assert against == []


def test_the_site_does_not_import_its_tests():
    assert [path for _, path, tree in modules() for name in imported(tree, package_of(path)) if name == "tests"] == []


def graph():
    """Module → modules of ours that it imports while it is loaded or later, migrations left out."""
    trees = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): (path, tree)
        for _, path, tree in modules()
        if "/migrations/" not in path
    }
    edges = defaultdict(set)
    for name, (path, tree) in trees.items():
        # `from package import module` names both; the package's own file counts only for what it defines itself.
        found = [target for target in imported(tree, package_of(path)) if target in trees and target != name]
        edges[name] = {target for target in found if not any(other.startswith(f"{target}.") for other in found)}
    return edges


def cycle(edges):
    """The modules of one cycle, [] if there is none."""
    done, trail = set(), []

    def visit(name):
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        trail.append(name)
        for target in sorted(edges[name]):
            if found := visit(target):
                return found
        done.add(trail.pop())
        return []

    return next((found for name in sorted(edges) if (found := visit(name))), [])


def test_modules_import_in_no_circle():
    assert cycle(graph()) == []


def test_a_circle_would_be_found():  # the control
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_settings_and_models_never_import_services():
    against = [
        (path, name)
        for _, path, tree in modules()
        if re.search(r"/models(/|\.py)", path)
        for name in imported(tree, package_of(path))
        if ".services" in name
    ]

    assert against == []


def test_nothing_is_called_safe_by_hand():
    calls = {
        path
        for _, path, tree in modules()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in ("mark_safe", "SafeString", "SafeText"))
        or (isinstance(node, ast.Attribute) and node.attr in ("mark_safe", "__html__", "allow_tags", "is_safe"))
        if is_called(node, tree)
    }

    assert calls - MAY_CALL_SAFE.keys() == set()


def is_called(name, tree):
    """Whether `name` is used as more than an annotation."""
    annotations = {
        inner
        for node in ast.walk(tree)
        for part in (getattr(node, "returns", None), getattr(node, "annotation", None))
        if part is not None
        for inner in ast.walk(part)
    }
    return name not in annotations


def templates():
    found = [*(ROOT / "templates").rglob("*.*"), *ROOT.glob("*/templates/**/*.*")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


UNSAFE_IN_TEMPLATES = re.compile(r"\|\s*safe(seq)?\b|{%\s*autoescape\s+off|{%\s*filter\s+safe")
INLINE = [
    re.compile(r"<style\b", re.IGNORECASE),
    re.compile(r"\sstyle\s*=", re.IGNORECASE),
    re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    re.compile(r"javascript:", re.IGNORECASE),
    re.compile(r"<script\b(?![^>]*(\ssrc=|type=\"application/(ld\+)?json\"))", re.IGNORECASE),
]


@pytest.mark.parametrize("path", templates())
def test_a_template_escapes_and_holds_no_style_and_no_script(path):
    text = (ROOT / path).read_text()
    escapes = not UNSAFE_IN_TEMPLATES.search(text) or path.endswith(".txt")  # mails are plain text

    assert (escapes, [pattern.pattern for pattern in INLINE if pattern.search(text)]) == (True, [])


@pytest.mark.parametrize(
    "html",
    [
        "{{ x|safe }}",
        "{% autoescape off %}",
        "<p style='color:red'>",
        "<b class='x' onclick='y()'>",
        "<script>x()</script>",
    ],
)
def test_a_bad_template_would_be_found(html):  # the control
    assert UNSAFE_IN_TEMPLATES.search(html) or any(pattern.search(html) for pattern in INLINE)


def test_no_form_takes_all_fields():  # P27
    strings = [
        (path, node.lineno)
        for _, path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == "__all__"
        if not path.endswith("__init__.py")
    ]
    excluding = [
        (path, node.name)
        for _, path, tree in modules()
        if "/forms" in path or "/admin" in path
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == "Meta"
        if any(isinstance(line, ast.Assign) and line.targets[0].id == "exclude" for line in node.body)
    ]

    assert (strings, excluding) == ([], [])


def test_nothing_is_csrf_exempt():  # P30
    named = [
        path for _, path, tree in modules() for name in imported(tree, package_of(path)) if name.endswith("csrf_exempt")
    ]

    assert named == []


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# Written apart, so that this file does not find itself.
OF_A_MACHINE = re.compile(
    "|".join(["(?<!\\w)/ho" + "me/\\w", "/ro" + "ot/", "/Us" + "ers/\\w", "/wo" + "rk/", "C:\\\\\\\\Us" + "ers"])
    + "|(index|extra-index)-url\\s*=?\\s*h"
    + "ttp|--find-links\\s*=?\\s*h"
    + "ttp"
)


def test_no_file_names_a_machine_or_a_registry():
    found = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue  # a picture
        found += [(name, match[0]) for match in OF_A_MACHINE.finditer(text)]

    assert found == []


def test_no_secret_and_no_data_is_tracked():
    private = re.compile(r"(^|/)(var|\.venv|node_modules)/|\.(sqlite3|pem|key|env)$|(^|/)\.env")

    assert [name for name in tracked() if private.search(name)] == []
