"""Write the blocking engine from the asynchronous one: each public method, the same signature, without await.

Run it after a public method of ``OrderExecutionEngine`` has changed: ``uv run python scripts/make_blocking.py``. A test
compares what it would write with what is there.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "v6core/src/v6core/engine/engine.py"
TARGET = ROOT / "v6core/src/v6core/blocking/engine.py"
CLASS = "OrderExecutionEngine"
# Life cycle, and what belongs to the loop's own thread.
LEFT_OUT = {"start", "stop", "from_config", "from_configuration", "from_spec", "journal"}

HEAD = '''"""The blocking engine: the methods of ``OrderExecutionEngine`` without await.

Written by ``scripts/make_blocking.py``; change the asynchronous engine and run it again.
"""

from __future__ import annotations

{imports}


class BlockingEngine:
    """One engine in front of one broker, for programs without an event loop: a context manager; see ``connect``."""

    def __init__(self, engine: OrderExecutionEngine, thread: LoopThread) -> None:
        self._engine = engine
        self._thread = thread
        self._finalizer = weakref.finalize(self, _close, engine, thread)

    def close(self) -> None:
        """Stop the engine and its thread. A second call changes nothing; orders stay as they are at the broker."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
'''

TAIL = """

def _close(engine: OrderExecutionEngine, thread: LoopThread) -> None:
    try:
        thread.call(engine.stop())
    finally:
        thread.close()
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def methods(tree: ast.Module) -> Iterator[Function]:
    """Yield the public methods of the asynchronous engine."""
    engine = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == CLASS)
    for node in engine.body:
        if isinstance(node, Function) and not node.name.startswith("_") and node.name not in LEFT_OUT:
            yield node


def render_method(node: Function) -> str:
    """Return one method of the blocking engine."""
    returns = ast.unparse(node.returns) if node.returns else "None"
    doc = ast.get_docstring(node, clean=False) or ""
    is_property = any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
    call = f"self._engine.{node.name}" + ("" if is_property else f"({arguments(node.args)})")
    if returns.startswith("AsyncIterator["):
        returns, body = returns.removeprefix("Async"), f"self._thread.iterate({call})"
    elif isinstance(node, ast.AsyncFunctionDef):
        body = f"self._thread.call({call})"
    else:
        body = call
    decorator = "    @property\n" if is_property else ""
    result = "" if returns == "None" else "return "
    return (
        f"{decorator}    def {node.name}({ast.unparse(node.args)}) -> {returns}:\n"
        f'        """{doc}"""\n        {result}{body}\n'
    )


def arguments(args: ast.arguments) -> str:
    """Return the arguments that pass a call on."""
    passed = [arg.arg for arg in args.args[1:]]
    if args.vararg:
        passed.append(f"*{args.vararg.arg}")
    passed += [f"{arg.arg}={arg.arg}" for arg in args.kwonlyargs]
    if args.kwarg:
        passed.append(f"**{args.kwarg.arg}")
    return ", ".join(passed)


def imports(tree: ast.Module, code: str) -> str:
    """Return the imports of the asynchronous engine that the methods' annotations name."""
    named = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    lines = ["import weakref", "from typing import Self", "from v6core.blocking.loop_thread import LoopThread"]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names = {alias.name for alias in node.names}
            if node.module == "collections.abc":
                names.add("Iterator")
            used = sorted(names & named)
            if used:
                lines.append(f"from {node.module} import {', '.join(used)}")
    lines.append("from v6core.engine.engine import Amount, OrderExecutionEngine")
    return "\n".join(lines)


def render() -> str:
    """Return the whole module, formatted."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    body = "\n".join(render_method(node) for node in methods(tree))
    head = HEAD.replace("{imports}", imports(tree, "class _:\n" + body))
    return _formatted(f"{head}\n{body}{TAIL}")


def _formatted(code: str) -> str:
    for command in (["check", "--fix", "--select", "I", "--quiet"], ["format", "--quiet"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"]
        code = subprocess.run(ruff, input=code, text=True, capture_output=True, check=True).stdout
    return code


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(ROOT)}")
