"""Every version of Python writes the same code in the same words."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import emseg_bench
import pytest
from emseg_bench.benchmark.files import syntax
from emseg_bench.benchmark.files.syntax import words_of

ROOT = Path(emseg_bench.__file__).parent
PROGRAM = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("syntax", sys.argv[1])
syntax = importlib.util.module_from_spec(spec)
spec.loader.exec_module(syntax)
import ast, hashlib
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        print(hashlib.sha256(syntax.words_of(ast.parse(file.read())).encode()).hexdigest())
"""
TRICKY = '''"""Docstring."""
from __future__ import annotations
import asyncio


@property
class A(B, metaclass=C):
    """Docstring."""
    x: int = 3
    lone = "\\ud800"
    young = "\u0221 \U0001fae0 \\xad"


async def f(a, /, b=-1, *c, d: int = 0x1F, **e) -> "None":
    """Docstring."""
    async with a as b, c:
        return f"{a!r:>{b}}{d=}" "x" f"{e:{a}}" f"" f"y{{" + f"" + f"{a:%H:%M}"


def g():
    match a:
        case [1, *_] | {"a": 2, **rest} if rest:
            yield 1e400, 2j, b"\\xff", ..., None, True
        case A(x=3) as y:
            del a[1:2, ::3]
    try:
        global z
    except* (ValueError, TypeError) as error:
        raise error from None
    return lambda *, k=1: (k := k @ 2)
'''


def pythons() -> list[str]:
    """Find other interpreters in the usual places that can read this one's code."""
    named = [found for minor in range(11, 20) if (found := which(f"python3.{minor}"))]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {os.path.realpath(path) for path in (*named, *versions.glob("3.1[1-9]*/bin/python"))}
    return sorted(found - {os.path.realpath(sys.executable)})


def hashes(python: str, files: list[Path]) -> list[str] | None:
    """Hash files with another interpreter; None where it is none, such as a shim that points nowhere."""
    works = subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False)
    if works.returncode:
        return None
    command = [python, "-W", "ignore", "-c", PROGRAM, syntax.__file__, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_all_versions_that_are_here_agree(tmp_path):
    tricky = tmp_path / "tricky.py"
    tricky.write_text(TRICKY, encoding="utf-8")
    files = [tricky, *sorted((ROOT / "benchmark" / "training").glob("*.py"))]
    own = hashes(sys.executable, files)
    assert len(own) == len(files)
    for python in pythons():
        assert hashes(python, files) in (None, own), python


def words(code: str) -> str:
    return words_of(ast.parse(code))


def test_the_words_stay():
    """Whichever version runs this test: other words would make every stored trial run again."""
    assert words('x: int = f"a{b!r:>{c}}" "\u0221"\n"lone"\n') == (
        "Module(body[AnnAssign(targetName(id'x',)annotationName(id'int',)valueJoinedStr(values[Constant("
        "value'a',)FormattedValue(valueName(id'b',)conversion114,format_specJoinedStr(values[Constant("
        "value'>',)FormattedValue(valueName(id'c',)conversion-1,)]))Constant(value'\\u0221',)])simple1,)])"
    )
    assert words("def f(): pass") == "Module(body[FunctionDef(name'f',argsarguments()body[Pass()])])"


def test_empty_fields_of_later_versions_change_nothing():
    """From 3.12 on functions and classes have type parameters, and later versions may have more."""
    old, new = (ast.parse("def f(): pass\nclass A: pass") for _ in "ab")
    for node in new.body:
        node._fields = (*type(node)._fields, "type_params", "something", "nothing")
        node.type_params, node.something, node.nothing = [], None, []
    assert words_of(new) == words_of(old)
    new.body[0].something = ast.Name("T")
    assert words_of(new) != words_of(old)


@pytest.mark.parametrize(
    ("pieces", "same"),
    [
        (["a", None, "b"], True),
        (["", "a", "", None, "b", ""], True),
        (["a", None, "b", ""], True),
        (["a", "b", None], False),
        ([None, "a", "b"], False),
        (["a", None], False),
    ],
)
def test_f_strings_count_by_what_they_say(pieces, same):
    """Versions cut the texts between two fields differently, and some keep empty ones."""
    field = ast.FormattedValue(value=ast.Name("x"), conversion=-1)
    made = [field if piece is None else ast.Constant(piece) for piece in pieces]
    assert (words_of(ast.JoinedStr(made)) == words_of(ast.parse('f"a{x}b"', mode="eval").body)) is same
