"""Writes the modules of ``cpl_sync`` from those of ``cpl_async``; ``--check`` fails when they are stale.

Each public class that makes calls gets a twin with the same signatures, annotations and docstrings. A twin's method
hands its call to the bridge and does nothing else. Models, errors and settings are the very same.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

from attrs import frozen
from generated_file import ROOT, run, tidied

CORE, FACADE = ROOT / "cpl_async", ROOT / "cpl_sync"
CLIENT = "client"
CONTEXT = {"__aenter__": "__enter__", "__aexit__": "__exit__"}
MADE_BY = {"__init__", *CONTEXT}
"""Methods that are generated although their names are not public."""
ASYNC_WORDS = re.compile(r"\bawait (?=\w+[.(])|\basync (?=with |for )")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_of(module: str) -> ast.Module:
    """Return the source of a module of the core, e.g. ``resources.orders``."""
    return ast.parse((CORE / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))


@cache
def imports_of(module: str) -> dict[str, tuple[str, str]]:
    """Return where each name that a module imports comes from, those for type checkers too."""
    package = ["cpl_async", *module.split(".")[:-1]]
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            home = ".".join([*base, *([node.module] if node.module else [])])
            found.update((alias.asname or alias.name, (home, alias.name)) for alias in node.names)
    return found


@frozen
class Twinned:
    """A class of the core that gets a twin."""

    module: str
    name: str

    @property
    def node(self) -> ast.ClassDef:
        return next(
            node for node in tree_of(self.module).body if isinstance(node, ast.ClassDef) and node.name == self.name
        )


@cache
def twinned() -> dict[str, Twinned]:
    """Return all classes that get a twin, by name: the client, its families, and the handles in their modules."""
    families = [home for home, _ in imports_of(CLIENT).values() if home.startswith("cpl_async.resources.")]
    modules = {home.removeprefix("cpl_async.") for home in families} - {"resources.base", "resources.checks"}
    found = {"Client": Twinned(CLIENT, "Client")}
    for module in sorted(modules):
        for node in tree_of(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not node.name.endswith("Filters"):
                found[node.name] = Twinned(module, node.name)
    return found


def lineage(module: str, name: str) -> Iterator[tuple[str, ast.ClassDef, dict[str, ast.expr]]]:
    """Yield a class and its bases in the core, each with its module and what its type variables stand for."""
    given: dict[str, ast.expr] = {}
    while True:
        aliases = {
            ast.unparse(node.targets[0]): node.value
            for node in ast.walk(tree_of(module))
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
        }
        node = next((n for n in tree_of(module).body if isinstance(n, ast.ClassDef) and n.name == name), None)
        if node is None:
            if name not in imports_of(module) or not imports_of(module)[name][0].startswith("cpl_async."):
                return
            home, name = imports_of(module)[name]
            module = home.removeprefix("cpl_async.")
            continue
        variables = [
            ast.unparse(b.slice) for b in node.bases if isinstance(b, ast.Subscript) and "Generic" in ast.unparse(b)
        ]
        yield module, node, dict(zip(variables, given.values(), strict=False))
        base = next((b for b in node.bases if not ast.unparse(b).startswith(("Generic", "Protocol"))), None)
        if base is None:
            return
        base = aliases.get(ast.unparse(base), base)
        given = {"": base.slice} if isinstance(base, ast.Subscript) else {}
        name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)


class Annotations(ast.NodeTransformer):
    """Turns annotations of asynchronous code into those of ordinary code."""

    def __init__(self, variables: dict[str, ast.expr]) -> None:
        self.variables = variables

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Put in what a type variable stands for."""
        return self.variables.get(node.id, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Leave out of a union what must be awaited."""
        kept = [
            self.visit(part)
            for part in (node.left, node.right)
            if not ast.unparse(part).startswith(("Awaitable[", "AsyncIterable["))
        ]
        return kept[0] if len(kept) == 1 else ast.BinOp(kept[0], node.op, kept[1])

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Replace what is awaited by what comes of it."""
        self.generic_visit(node)
        match ast.unparse(node.value):
            case "Awaitable":
                return node.slice
            case "AsyncGenerator":
                item = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
                return ast.parse(f"Generator[{ast.unparse(item)}, None, None]", mode="eval").body
        return node


def ordinary(docstring: ast.stmt) -> ast.stmt:
    """Return a docstring with its examples as ordinary code has them."""
    if isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant):
        docstring.value.value = ASYNC_WORDS.sub("", str(docstring.value.value))
    return docstring


def method_of(node: Function, variables: dict[str, ast.expr], owner: str) -> ast.FunctionDef:
    """Return the twin of a method: the same signature and docstring, and one call."""
    node = deepcopy(node)  # its annotations are changed
    args = node.args
    for argument in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
        if argument is not None and argument.annotation is not None:
            argument.annotation = Annotations(variables).visit(argument.annotation)
    returns = Annotations(variables).visit(node.returns) if node.returns is not None else None
    name = CONTEXT.get(node.name, node.name)
    docstring = [ordinary(node.body[0])] if ast.get_docstring(node) else []
    body = ast.parse(body_of(node, ast.unparse(returns) if returns else "None", owner)).body
    made = ast.FunctionDef(
        name=name, args=args, body=[*docstring, *body], decorator_list=node.decorator_list, returns=returns
    )
    return ast.fix_missing_locations(made)


def body_of(node: Function, returns: str, owner: str) -> str:
    """Return the one call that a twin's method makes."""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    positional = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args][1:]]
    passed = [*positional, *([f"*{node.args.vararg.arg}"] if node.args.vararg else [])]
    passed += [f"{argument.arg}={argument.arg}" for argument in node.args.kwonlyargs]
    passed += [f"**{node.args.kwarg.arg}"] if node.args.kwarg else []
    given = ", ".join(passed)
    if node.name == "__init__":
        return f"super().__init__(twins.made(core.{owner}, {given}))"
    if "classmethod" in decorators:
        return f"return twins.for_class(core.{owner}.{node.name}, cls)({given})"
    target = f"self._core.{node.name}"
    if "property" in decorators:
        if returns in twinned():
            return f"from .{twinned()[returns].module} import {returns}\nreturn {returns}({target}, self)"
        return f"return {target}"
    if isinstance(node, ast.FunctionDef) and not returns.startswith("Generator["):
        kind = "type(self)" if returns == "Self" else returns
        return f"return {kind}({target}({given}), self)"
    if returns.startswith("Generator["):
        return f"return portal.iterate({target}, {given})"
    crossed = f"portal.call({target}, {given})"
    if returns == "Self":
        return f"{crossed}\nreturn self"
    if returns in twinned():
        return f"return {returns}({crossed}, self)"
    if re.search(r"\bT\b", returns):
        return f'return cast("{returns}", {crossed})'
    return crossed if returns == "None" else f"return {crossed}"


def fields_of(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Yield a property for each public attribute of a handle."""
    for position, field in enumerate(node.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and not field.target.id.startswith("_")
        ):
            kind = ast.unparse(field.annotation)
            after = node.body[position + 1] if position + 1 < len(node.body) else None
            text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            if not kind.startswith("ClassVar"):
                name = field.target.id
                source = f"@property\ndef {name}(self) -> {kind}:\n    {text!r}\n    return self._core.{name}"
                yield from (n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))


def is_public(method: Function, module: str) -> bool:
    """Return whether a method gets a twin; of what is not public, only what makes and closes a client."""
    return not method.name.startswith("_") or (method.name in MADE_BY and module == CLIENT)


def class_of(found: Twinned) -> tuple[ast.ClassDef, dict[str, tuple[str, str]]]:
    """Return a twin, and where the names in it come from."""
    members: dict[str, ast.FunctionDef] = {}
    homes: dict[str, tuple[str, str]] = {}
    for module, node, variables in lineage(found.module, found.name):
        own = {n.name: (f"cpl_async.{module}", n.name) for n in tree_of(module).body if isinstance(n, ast.ClassDef)}
        constants = [ast.unparse(t) for n in tree_of(module).body if isinstance(n, ast.Assign) for t in n.targets]
        own.update((name, (f"cpl_async.{module}", name)) for name in constants)
        homes = {**own, **imports_of(module), **homes}
        for field in fields_of(node):
            members.setdefault(field.name, field)
        for method in node.body:
            if isinstance(method, Function) and is_public(method, found.module) and method.name not in members:
                members[method.name] = method_of(method, variables, found.name)
    base = "twins.OwningTwin" if found.module == CLIENT else "twins.Twin"
    docstring = ordinary(deepcopy(found.node.body[0]))
    made = ast.ClassDef(
        name=found.name,
        bases=[ast.parse(f"{base}[core.{found.name}]", mode="eval").body],
        keywords=[],
        body=[docstring, *ast.parse("__slots__ = ()").body, *members.values()],
        decorator_list=[],
    )
    return made, homes


def module_of(module: str) -> str:
    """Return the text of a module's twin."""
    ups = "." * (module.count(".") + 1)
    classes = [class_of(found) for found in twinned().values() if found.module == module]
    code = "\n\n\n".join(ast.unparse(ast.fix_missing_locations(node)) for node, _ in classes)
    names = {node.id for made, _ in classes for node in ast.walk(made) if isinstance(node, ast.Name)}
    defaults = {
        node.id
        for made, _ in classes
        for function in made.body
        if isinstance(function, ast.FunctionDef)
        for default in [*function.args.defaults, *function.args.kw_defaults]
        for node in ast.walk(default or ast.Pass())
        if isinstance(node, ast.Name)
    }
    homes = {name: home for _, known in classes for name, home in known.items()}
    here = {node.name for node, _ in classes}
    late: list[str] = []
    early: list[str] = []
    for name in sorted(names - here):
        if name in twinned():
            late.append(f"from {ups}{twinned()[name].module} import {name}")
        elif name in homes:
            home, original = homes[name]
            (early if name in defaults or not home.startswith("cpl_async.") else late).append(
                f"from {home} import {original}"
            )
    package, _, leaf = module.rpartition(".")
    lines = [
        f"# generated from cpl_async/{module.replace('.', '/')}.py by tools/generate_sync.py, do not edit",
        f'"""{ast.get_docstring(tree_of(module))}"""',
        "from __future__ import annotations",
        "from collections.abc import Generator",
        "from typing import TYPE_CHECKING, cast",
        f"from {'cpl_async' + ('.' + package if package else '')} import {leaf} as core",
        f"from {ups} import portal, twins",
        *early,
        *(["if TYPE_CHECKING:", *(f"    {line}" for line in late)] if late else []),
        "",
        f"__all__ = {sorted(here)!r}",
        code,
    ]
    return tidied("\n".join(lines) + "\n", FACADE / (module.replace(".", "/") + ".py"))


def names() -> str:
    """Return the text of ``cpl_sync/__init__.py``: the public names, each loaded when it is first asked for."""
    block = next(node for node in tree_of("__init__").body if isinstance(node, ast.If))
    homes = {node.names[0].name: node.module for node in block.body if isinstance(node, ast.ImportFrom) and node.module}
    twins = {name: twinned()[name].module for name in homes if name in twinned()}
    lines = [
        "# generated from cpl_async/__init__.py by tools/generate_sync.py, do not edit",
        '"""SDK for the CPL API of PPL CZ, for code without ``await``: the twin of ``cpl_async``.',
        "",
        "Models, errors and settings are the very same classes. A name is loaded when it is first asked for.",
        '"""',
        "from __future__ import annotations",
        "from importlib import import_module",
        "from typing import TYPE_CHECKING, Any",
        "from cpl_async._version import __version__",
        "if TYPE_CHECKING:",
        *(f"    from {'' if n in twins else 'cpl_async'}.{m} import {n} as {n}" for n, m in homes.items()),
        f"_TWINS = {twins!r}",
        f"__all__ = {sorted([*homes, '__version__'])!r}",
        "def __getattr__(name: str) -> Any:",
        "    if name not in __all__:",
        "        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')",
        "    home = import_module(f'.{_TWINS[name]}', __name__) if name in _TWINS else import_module('cpl_async')",
        "    value = globals()[name] = getattr(home, name)",
        "    return value",
        "def __dir__() -> list[str]:",
        "    return sorted({*globals(), *__all__})",
    ]
    return tidied("\n".join(lines) + "\n", FACADE / "__init__.py")


def generated() -> dict[Path, str | None]:
    """Return the text of each generated module; ``None`` for one that is there and should not."""
    files: dict[Path, str | None] = dict.fromkeys((FACADE / "resources").glob("*.py"))
    files[FACADE / "__init__.py"] = names()
    files[FACADE / "resources" / "__init__.py"] = (CORE / "resources" / "__init__.py").read_text(encoding="utf-8")
    for module in sorted({found.module for found in twinned().values()}):
        files[FACADE / (module.replace(".", "/") + ".py")] = module_of(module)
    return files


if __name__ == "__main__":
    sys.exit(run(generated, __doc__))
