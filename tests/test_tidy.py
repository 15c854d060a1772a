"""The style guide, executed: what CONTRIBUTING.md asks of every file, checked with `ast`.

The only way out is an entry in `EXCEPTIONS` with its reason. Generated code (polyarb/v1) is exempt.
"""

import ast
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
COLUMNS: Final = 100
FUNCTION_LINES: Final = 60
FILE_LINES: Final = 400

# (rule, file) -> reason
EXCEPTIONS: Final[dict[tuple[str, str], str]] = {}

SERVICE_PURE: Final = {
    "plan", "postings", "performance", "limits", "sizing", "exposure", "confidence",
}  # fmt: skip
MONEY: Final = {"money", "book", "fees", "order", "certificate", "postings", "limits"}
STDLIB_FOR_PURE: Final = {
    "abc", "bisect", "collections", "dataclasses", "datetime", "enum", "fractions", "functools",
    "hashlib", "heapq", "itertools", "math", "operator", "random", "re", "statistics", "typing",
}  # fmt: skip
LIBRARIES_FOR_SOLVERS: Final = {"numpy", "numba", "highspy"}
DRAWER: Final = re.compile(r"utils?|helpers?|common|misc|\w+2|\w+_new")
UNFINISHED: Final = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
LINTER_DIRECTIVE: Final = re.compile(r"noqa(: ?[A-Z0-9, ]+)?|type: ?ignore(\[[\w, -]+\])?")
TRAILING_DIRECTIVE: Final = re.compile(rf"\s*#\s*({LINTER_DIRECTIVE.pattern})\s*$")
# Asking the world: everywhere but in the chassis and the composition roots this is passed in.
AMBIENT: Final = re.compile(
    r"time\.(time|monotonic|perf_counter)(_ns)?"
    r"|datetime\.(datetime\.(now|utcnow|today)|date\.today)"
    r"|random\.(?!Random$)\w+"
    r"|uuid\.uuid[14]|os\.urandom|secrets\.\w+"
)
ORPHAN_TASK: Final = re.compile(r"asyncio\.(create_task|ensure_future)|(\w+\.)*loop\.create_task")
BOUND_OF: Final = {  # keyword, its position, where 0 means "no bound"
    "asyncio.Queue": ("maxsize", 0),
    "asyncio.PriorityQueue": ("maxsize", 0),
    "asyncio.LifoQueue": ("maxsize", 0),
    "queue.Queue": ("maxsize", 0),
    "collections.deque": ("maxlen", 1),
}


@dataclass(frozen=True)
class Source:
    """One hand-written Python file. path: relative to the repository's root."""

    path: Path
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text, str(self.path))))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def origins(self) -> dict[str, str]:
        """Return what each imported local name stands for: {"dt": "datetime.datetime"}."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {a.asname: a.name for a in node.names if a.asname}
            elif isinstance(node, ast.ImportFrom):
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        return found

    def dotted(self, node: ast.AST) -> str:
        """Return the full name behind a name, attribute or subscripted generic; "" for others."""
        if isinstance(node, ast.Subscript):
            return self.dotted(node.value)
        if isinstance(node, ast.Attribute):
            return f"{self.dotted(node.value)}.{node.attr}"
        return self.origins.get(node.id, node.id) if isinstance(node, ast.Name) else ""

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield (line, module) of every import; `from a import b` yields a.b."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                dots = "." * node.level
                yield from ((node.lineno, f"{dots}{node.module}.{a.name}") for a in node.names)

    @property
    def pure(self) -> bool:
        """Return whether this module only decides."""
        if self.path.parts[0] == "services":
            return self.path.stem in SERVICE_PURE
        return self.path.parts[:2] == ("polyarb", "core")


Rule = Callable[[Source], Iterator[tuple[int, str]]]


def line_length(source: Source) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.lines, 1):
        # As the formatter counts: a linter's directive at the end cannot be wrapped.
        columns = len(TRAILING_DIRECTIVE.sub("", line))
        if columns > COLUMNS:
            yield number, f"{columns} columns, at most {COLUMNS}"


def function_length(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {length} lines, at most {FUNCTION_LINES}"


def file_length(source: Source) -> Iterator[tuple[int, str]]:
    if len(source.lines) > FILE_LINES:
        yield 1, f"{len(source.lines)} lines, at most {FILE_LINES}"


def unfinished_work(source: Source) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.lines, 1):
        if UNFINISHED.search(line):
            yield number, line.strip()


def drawer_names(source: Source) -> Iterator[tuple[int, str]]:
    for part in (*source.path.parts[:-1], source.path.stem):
        if DRAWER.fullmatch(part.removeprefix("test_")) and part != "e2e":
            yield 1, f"{part} does not say what it holds"


def pure_imports(source: Source) -> Iterator[tuple[int, str]]:
    if not source.pure:
        return
    solver = any("solver" in part for part in source.path.parts)
    allowed = STDLIB_FOR_PURE | (LIBRARIES_FOR_SOLVERS if solver else set())
    siblings = tuple(".".join((*source.path.parts[:-1], name)) for name in SERVICE_PURE)
    for number, module in source.imports():
        ours = module.startswith(("polyarb.core.", *siblings))
        if not ours and module.split(".")[0] not in allowed:
            yield number, f"pure code imports {module}"


def upward_imports(source: Source) -> Iterator[tuple[int, str]]:
    own = source.path.parts[1] if source.path.parts[0] == "services" else ""
    for number, module in source.imports():
        parts = module.split(".")
        if parts[0] == "" or (parts[0] == "services" and parts[1] != own):
            yield number, f"imports {module}"


def floats_in_money(source: Source) -> Iterator[tuple[int, str]]:
    if not (source.pure and source.path.stem in MONEY):
        return
    for node in source.nodes:
        match node:
            case ast.Constant(value=float() as literal):
                yield node.lineno, f"float {literal}"
            case ast.Name(id="float" | "round"):
                yield node.lineno, node.id
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, "/ (use // inside a named floor or ceil)"


def ambient_inputs(source: Source) -> Iterator[tuple[int, str]]:
    if source.path.parts[:2] == ("polyarb", "chassis") or source.path.stem == "__main__":
        return
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and AMBIENT.fullmatch(source.dotted(node)):
            yield node.lineno, f"{source.dotted(node)} (pass it in)"


def orphan_tasks(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and ORPHAN_TASK.fullmatch(source.dotted(node.func)):
            yield node.lineno, f"{source.dotted(node.func)} (use asyncio.TaskGroup)"


def broad_excepts(source: Source) -> Iterator[tuple[int, str]]:
    reasons = {line for line, text in _comments(source) if _is_reason(text)}
    for node in source.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        names = {source.dotted(part) for part in ast.walk(node.type)} if node.type else set()
        raises = any(isinstance(part, ast.Raise) for part in ast.walk(node))
        explained = reasons & set(range(node.lineno - 1, node.body[0].lineno + 1))
        if node.type is None:
            yield node.lineno, "bare except"
        elif names & {"Exception", "BaseException"} and not (raises or explained):
            yield node.lineno, "broad except that neither raises again nor says why"


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _is_reason(comment: str) -> bool:
    return len(re.findall(r"\w+", LINTER_DIRECTIVE.sub("", comment))) >= 3


def prints(source: Source) -> Iterator[tuple[int, str]]:
    if source.path.parts[:2] == ("polyarb", "cli"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and source.dotted(node.func) == "print":
            yield node.lineno, "print outside the command line"


def unbounded_buffers(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes:
        if not isinstance(node, ast.Call) or source.dotted(node.func) == "isinstance":
            continue
        # A class handed over, as in default_factory=deque, is called later without a bound.
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            if source.dotted(value) in BOUND_OF:
                yield node.lineno, f"{source.dotted(value)} built without a bound"
        name = source.dotted(node.func)
        if name in BOUND_OF and not _bounded(node, *BOUND_OF[name]):
            yield node.lineno, f"{name} without {BOUND_OF[name][0]}"


def _bounded(call: ast.Call, keyword: str, position: int) -> bool:
    named = [given.value for given in call.keywords if given.arg == keyword]
    given = (named + call.args[position : position + 1])[:1]
    return bool(given) and not (isinstance(given[0], ast.Constant) and not given[0].value)


EVERYWHERE: Final[list[Rule]] = [
    line_length, function_length, file_length, unfinished_work, drawer_names,
]  # fmt: skip
IN_CODE: Final[list[Rule]] = [
    pure_imports, upward_imports, floats_in_money, ambient_inputs, orphan_tasks, broad_excepts,
    prints, unbounded_buffers,
]  # fmt: skip


def _read(*tops: str) -> list[Source]:
    paths = [p.relative_to(ROOT) for top in tops for p in sorted((ROOT / top).rglob("*.py"))]
    return [Source(p, (ROOT / p).read_text()) for p in paths if p.parts[:2] != ("polyarb", "v1")]


CODE: Final = _read("polyarb", "services")
ALL: Final = CODE + _read("tests", "bench")


@pytest.mark.parametrize("rule", EVERYWHERE + IN_CODE, ids=lambda rule: rule.__name__)
def test_rule_is_kept(rule: Rule) -> None:
    """No file breaks a rule, save with a listed reason."""
    sources = ALL if rule in EVERYWHERE else CODE

    faults = [
        f"{source.path}:{line}: {fault}"
        for source in sources
        if (rule.__name__, source.path.as_posix()) not in EXCEPTIONS
        for line, fault in rule(source)
    ]

    assert not faults, "\n".join(faults)


def test_exceptions_are_all_needed() -> None:
    """An exception whose file is clean again, or gone, leaves the list."""
    rules = {rule.__name__: rule for rule in EVERYWHERE + IN_CODE}
    sources = {source.path.as_posix(): source for source in ALL}

    idle = [e for e in EXCEPTIONS if e[1] not in sources or not any(rules[e[0]](sources[e[1]]))]

    assert idle == []


def test_every_pure_module_has_its_unit_test() -> None:
    """What decides is tested on its own: polyarb/core/kelly.py by tests/unit/core/test_kelly.py."""
    pure = [source.path for source in CODE if source.pure and source.path.stem != "__init__"]

    missing = [f"{p}: no {_test_of(p)}" for p in pure if not (ROOT / _test_of(p)).exists()]

    assert pure
    assert not missing, "\n".join(missing)


def test_every_unit_test_has_its_module() -> None:
    """A unit test is named after a module; test_book_walks.py may hold a second part of book's."""
    homes = [(_test_of(source.path).parent, f"test_{source.path.stem}") for source in CODE]
    tests = [path.relative_to(ROOT) for path in sorted((ROOT / "tests/unit").rglob("test_*.py"))]

    strays = [
        str(test)
        for test in tests
        if not any(
            test.parent == folder and (test.stem == name or test.stem.startswith(f"{name}_"))
            for folder, name in homes
        )
    ]

    assert tests
    assert not strays, "\n".join(strays)


def _test_of(path: Path) -> Path:
    inside = path.parts[1:-1] if path.parts[0] == "polyarb" else path.parts[:-1]
    return Path("tests", "unit", *inside, f"test_{path.stem}.py")


PLANTED: Final[list[tuple[Rule, str, str]]] = [
    (line_length, "polyarb/wire.py", "x = " + "1" * 100),
    (function_length, "polyarb/wire.py", "def f():\n" + "    x = 1\n" * 60),
    (file_length, "polyarb/wire.py", "x = 1\n" * 401),
    (unfinished_work, "polyarb/wire.py", "# TO" + "DO: later"),
    (drawer_names, "polyarb/utils.py", ""),
    (drawer_names, "polyarb/common/x.py", ""),
    (drawer_names, "tests/unit/test_hardening2.py", ""),
    (pure_imports, "polyarb/core/book.py", "import asyncio"),
    (pure_imports, "polyarb/core/book.py", "from polyarb.venues import base"),
    (pure_imports, "polyarb/core/book.py", "def f():\n    import numpy"),
    (pure_imports, "services/risk/limits.py", "from services.risk.config import Settings"),
    (upward_imports, "polyarb/wire.py", "from services.risk import limits"),
    (upward_imports, "services/risk/sizing.py", "import services.ledger.store"),
    (upward_imports, "services/risk/sizing.py", "from . import limits"),
    (floats_in_money, "polyarb/core/money.py", "x = 0.5"),
    (floats_in_money, "polyarb/core/fees.py", "def f(x): return float(x)"),
    (floats_in_money, "services/ledger/postings.py", "def f(x): return x / 2"),
    (floats_in_money, "services/risk/limits.py", "x = 4\nx /= 2"),
    (ambient_inputs, "services/risk/servicer.py", "import time\nx = time.time_ns"),
    (ambient_inputs, "services/risk/servicer.py", "from time import monotonic as now\nnow()"),
    (ambient_inputs, "services/risk/servicer.py", "from datetime import datetime as d\nd.now()"),
    (ambient_inputs, "polyarb/core/book.py", "import random\nrandom.shuffle([])"),
    (ambient_inputs, "polyarb/core/book.py", "from uuid import uuid4\nuuid4()"),
    (orphan_tasks, "services/risk/servicer.py", "import asyncio\nasyncio.create_task(f())"),
    (orphan_tasks, "services/risk/servicer.py", "self.loop.create_task(f())"),
    (broad_excepts, "polyarb/wire.py", "try:\n    f()\nexcept:\n    pass"),
    (broad_excepts, "polyarb/wire.py", "try:\n    f()\nexcept (ValueError, Exception):\n    pass"),
    (broad_excepts, "polyarb/wire.py", "try:\n  f()\nexcept Exception:  # noqa: BLE001\n  pass"),
    (prints, "services/risk/servicer.py", "print(1)"),
    (unbounded_buffers, "polyarb/wire.py", "import asyncio\nasyncio.Queue[int]()"),
    (unbounded_buffers, "polyarb/wire.py", "import asyncio\nasyncio.Queue(maxsize=0)"),
    (unbounded_buffers, "polyarb/wire.py", "from collections import deque\ndeque([1])"),
    (unbounded_buffers, "polyarb/wire.py", "from collections import deque\nf(factory=deque)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_planted_fault_is_found(rule: Rule, path: str, text: str) -> None:
    """Each rule finds what it is for."""
    assert list(rule(Source(Path(path), text)))


SOUND: Final[list[tuple[Rule, str, str]]] = [
    (pure_imports, "polyarb/core/arbitrage/solvers/lp.py", "import numpy as np"),
    (pure_imports, "services/risk/limits.py", "from services.risk.exposure import Exposure"),
    (pure_imports, "polyarb/core/book.py", "from collections.abc import Iterator"),
    (upward_imports, "services/risk/sizing.py", "from services.risk import limits"),
    (floats_in_money, "polyarb/core/kelly.py", "x = 0.5 / 2"),
    (ambient_inputs, "polyarb/core/book.py", "from random import Random\nRandom(7).shuffle([])"),
    (ambient_inputs, "services/risk/__main__.py", "import time\ntime.time_ns()"),
    (orphan_tasks, "polyarb/wire.py", "async def f(group): group.create_task(g())"),
    (broad_excepts, "polyarb/wire.py", "try:\n    f()\nexcept Exception:\n    g()\n    raise"),
    (
        broad_excepts,
        "polyarb/wire.py",
        "try:\n    f()\nexcept Exception:  # the peer sees it\n  g()",
    ),
    (prints, "polyarb/cli/report.py", "print(1)"),
    (unbounded_buffers, "polyarb/wire.py", "import asyncio as a\na.Queue[int](maxsize=9)"),
    (unbounded_buffers, "polyarb/wire.py", "from collections import deque\ndeque([], maxlen=n)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), SOUND)
def test_sound_code_is_left_alone(rule: Rule, path: str, text: str) -> None:
    """No rule cries at code that keeps it."""
    assert list(rule(Source(Path(path), text))) == []
