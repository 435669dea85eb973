"""The guide followed to the letter: its blocks, in order, put into a project as the page says that they are put."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

from workspace.pages import DOCS, Block, blocks

GUIDE = DOCS / "write-a-broker.md"
_METHODS = ("    def ", "    async def ")
_DEFINITIONS = ("def ", "async def ", "class ", "@")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def steps() -> list[Block]:
    """Return the blocks that go into files of the project."""
    return [block for block in blocks(GUIDE, "python") if block.file_name is not None]


def follow(project: Path, chosen: list[Block]) -> None:
    """Put blocks into the files of a project's package that they name."""
    (package,) = (project / "src").iterdir()
    for block in chosen:
        assert block.file_name is not None
        file = package / block.file_name
        file.write_text(_with(file.read_text(encoding="utf-8"), block), encoding="utf-8")


def _with(source: str, block: Block) -> str:
    """Return a file's text with a block in it: imports to the imports, the rest in the place of what has its name."""
    lines = block.text.splitlines(keepends=True)[1:]
    methods = next((number for number, line in enumerate(lines) if line.startswith(_METHODS)), len(lines))
    # Methods stand in a block as they stand in the file, below the imports that they need.
    if any(line.startswith(_DEFINITIONS) for line in lines[:methods]):
        return _put(source, "".join(lines), into=None)
    source = _put(source, "".join(lines[:methods]), into=None)
    return _put(
        source, textwrap.dedent("".join(lines[methods:])), into=_class_of(source) if methods < len(lines) else None
    )


def _class_of(source: str) -> str:
    (found,) = (node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return found


def _put(source: str, text: str, into: str | None) -> str:
    for node in ast.parse(text).body:
        piece = _piece(text, node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            source = _import(source, piece)
        elif isinstance(node, Definition):
            source = _define(source, piece, _name(node), into)
    return source


def _define(source: str, piece: str, name: str, into: str | None) -> str:
    present = _named(source, name, into)
    if present is None:
        return _add(source, piece, into)
    lines = source.splitlines(keepends=True)
    first = min([present.lineno, *(one.lineno for one in getattr(present, "decorator_list", []))]) - 1
    lines[first : present.end_lineno] = [_indented(piece, into)]
    return "".join(lines)


def _add(source: str, piece: str, into: str | None) -> str:
    if into is None:
        return f"{source.rstrip()}\n\n\n{piece}"
    owner = _named(source, into, None)
    assert owner is not None
    lines = source.splitlines(keepends=True)
    lines[owner.end_lineno : owner.end_lineno] = ["\n", _indented(piece, into)]
    return "".join(lines)


def _import(source: str, piece: str) -> str:
    mark = "from __future__ import annotations\n"
    return source.replace(mark, f"{mark}{piece}", 1)


def _indented(piece: str, into: str | None) -> str:
    return piece if into is None else textwrap.indent(piece, "    ")


def _named(source: str, name: str, into: str | None) -> ast.stmt | None:
    body = ast.parse(source).body
    if into is not None:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == into)
    return next((node for node in body if isinstance(node, Definition) and _name(node) == name), None)


def _name(node: Definition) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case _:
            raise ValueError(ast.unparse(node))


def _piece(text: str, node: ast.stmt) -> str:
    return "".join(text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno])
