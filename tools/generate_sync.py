"""Generate the modules of ``cpl_sync`` from those of ``cpl_async``; ``--check`` fails if they are stale.

Each public class that makes calls gets a proxy with the same signatures, annotations and docstrings. A method of a
proxy only passes its call to the bridge. Models, errors and settings are shared.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from functools import cache
from importlib import import_module
from pathlib import Path

from generated_file import ROOT, run, tidied

CORE, FACADE = ROOT / "cpl_async", ROOT / "cpl_sync"
CLIENT = "client"
DOOR = "bulk.api"
"""Module with the class of the client's ``bulk`` attribute."""
GIVEN = ("Filters", "Options")
"""Suffixes of classes that only describe the arguments of a call."""
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
    """Return the origin of each name that a module imports, including imports for type checkers."""
    package = ["cpl_async", *module.split(".")[:-1]]
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            home = ".".join([*base, *([node.module] if node.module else [])])
            found.update((alias.asname or alias.name, (home, alias.name)) for alias in node.names)
    return found


def class_in(module: str, name: str) -> ast.ClassDef:
    """Return the source of a class of the core."""
    return next(node for node in tree_of(module).body if isinstance(node, ast.ClassDef) and node.name == name)


@cache
def twinned() -> dict[str, str]:
    """Return the module of each class that gets a proxy: the client, its resources, and their handles."""
    families = [home for home, _ in imports_of(CLIENT).values() if home.startswith("cpl_async.resources.")]
    modules = {home.removeprefix("cpl_async.") for home in families} - {"resources.base", "resources.checks"}
    found = {"Client": CLIENT}
    for module in sorted({*modules, DOOR}):
        for node in tree_of(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not node.name.endswith(GIVEN):
                found[node.name] = module
    return found


def lineage(name: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield a class that gets a proxy and its bases in the core, each with its module."""
    kind = getattr(import_module(f"cpl_async.{twinned()[name]}"), name)
    for base in kind.__mro__:
        package, _, module = base.__module__.partition(".")
        if package == "cpl_async":
            yield module, class_in(module, base.__name__)


def variables_of(module: str) -> dict[str, ast.expr]:
    """Return the values of the type variable of a batch, from ``BatchOfOrders = Batch[OrderBatchResult]``."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Batch["):
            assert isinstance(node.value, ast.Subscript)
            return {"R": node.value.slice}
    return {}


class Annotations(ast.NodeTransformer):
    """A converter of annotations from asynchronous to synchronous code."""

    def __init__(self, variables: dict[str, ast.expr]) -> None:
        self.variables = variables

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a type variable by its value."""
        return self.variables.get(node.id, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Remove awaitable types from a union."""
        kept = [
            self.visit(part)
            for part in (node.left, node.right)
            if not ast.unparse(part).startswith(("Awaitable[", "AsyncIterable["))
        ]
        return kept[0] if len(kept) == 1 else ast.BinOp(kept[0], node.op, kept[1])

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Replace an awaitable type by the type of its result."""
        self.generic_visit(node)
        match ast.unparse(node.value):
            case "Awaitable":
                return node.slice
            case "AsyncGenerator":
                item = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
                return ast.parse(f"Generator[{ast.unparse(item)}, None, None]", mode="eval").body
        return node


def ordinary(docstring: ast.stmt) -> ast.stmt:
    """Return a docstring with its examples converted to synchronous code."""
    if isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant):
        docstring.value.value = ASYNC_WORDS.sub("", str(docstring.value.value))
    return docstring


def method_of(node: Function, variables: dict[str, ast.expr], owner: str) -> ast.FunctionDef:
    """Return the proxy of a method: the same signature and docstring, and one call."""
    node = deepcopy(node)  # its annotations are modified
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
    """Return the single call in the body of a proxy's method."""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    positional = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args][1:]]
    passed = [*positional, *([f"*{node.args.vararg.arg}"] if node.args.vararg else [])]
    passed += [f"{argument.arg}={argument.arg}" for argument in node.args.kwonlyargs]
    passed += [f"**{node.args.kwarg.arg}"] if node.args.kwarg else []
    given = ", ".join(passed)
    if node.name == "__init__":
        return f"super().__init__(proxies.new_core(core.{owner}, {given}))"
    if "classmethod" in decorators:
        return f"return proxies.for_class(core.{owner}.{node.name}, cls)({given})"
    target = f"self._core.{node.name}"
    if "property" in decorators:
        if returns in twinned():
            # The core comes first: its error names the missing extra if the module of the proxy cannot be imported.
            return f"inner = {target}\nfrom .{twinned()[returns]} import {returns}\nreturn {returns}(inner, self)"
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
    """Return whether a method gets a proxy. Of private methods, only those that create and close a client do."""
    return not method.name.startswith("_") or (method.name in MADE_BY and module == CLIENT)


def class_of(name: str) -> ast.ClassDef:
    """Return a proxy class."""
    module, members = twinned()[name], dict[str, ast.FunctionDef]()
    for _, node in lineage(name):
        for field in fields_of(node):
            members.setdefault(field.name, field)
        for method in node.body:
            if isinstance(method, Function) and is_public(method, module) and method.name not in members:
                members[method.name] = method_of(method, variables_of(module), name)
    base = "proxies.OwningProxy" if module == CLIENT else "proxies.SyncProxy"
    docstring = ordinary(deepcopy(class_in(module, name).body[0]))
    return ast.ClassDef(
        name=name,
        bases=[ast.parse(f"{base}[core.{name}]", mode="eval").body],
        keywords=[],
        body=[docstring, *ast.parse("__slots__ = ()").body, *members.values()],
        decorator_list=[],
    )


def imports_for(classes: Sequence[ast.ClassDef], ups: str) -> tuple[list[str], list[str]]:
    """Return the imports of proxies: immediate ones for defaults and external names, and those for type checkers."""
    homes: dict[str, tuple[str, str]] = {}
    for name in (node.name for node in classes):
        for module, _ in lineage(name):
            nodes = [node for node in tree_of(module).body if isinstance(node, (ast.ClassDef, ast.Assign))]
            own = [node.name if isinstance(node, ast.ClassDef) else ast.unparse(node.targets[0]) for node in nodes]
            homes = {**imports_of(module), **{name: (f"cpl_async.{module}", name) for name in own}, **homes}
    functions = [function for made in classes for function in made.body if isinstance(function, ast.FunctionDef)]
    defaults = {name for function in functions for name in names_in(function.args.defaults, function.args.kw_defaults)}
    early: list[str] = []
    late: list[str] = []
    for name in sorted(names_in(classes) - {node.name for node in classes}):
        if name in twinned():
            late.append(f"from {ups}{twinned()[name]} import {name}")
        elif name in homes:
            home, original = homes[name]
            at_once = name in defaults or not home.startswith("cpl_async.")
            (early if at_once else late).append(f"from {home} import {original}")
    return early, late


def names_in(*groups: Iterable[ast.AST | None]) -> set[str]:
    """Return all names in some code."""
    nodes = (node for group in groups for part in group if part is not None for node in ast.walk(part))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def module_of(module: str) -> str:
    """Return the text of the module with the proxies of a module."""
    ups = "." * (module.count(".") + 1)
    classes = [class_of(name) for name, home in twinned().items() if home == module]
    early, late = imports_for(classes, ups)
    package, _, leaf = f"cpl_async.{module}".rpartition(".")
    lines = [
        f"# generated from cpl_async/{module.replace('.', '/')}.py by tools/generate_sync.py, do not edit",
        f'"""{ast.get_docstring(tree_of(module))}"""',
        "from __future__ import annotations",
        "from collections.abc import Generator",
        "from typing import TYPE_CHECKING, cast",
        f"from {package} import {leaf} as core",
        f"from {ups} import portal, proxies",
        *early,
        "if TYPE_CHECKING:",
        *(f"    {line}" for line in late or ["pass"]),
        "",
        f"__all__ = {sorted(node.name for node in classes)!r}",
        *(ast.unparse(ast.fix_missing_locations(node)) for node in classes),
    ]
    return tidied("\n".join(lines) + "\n", FACADE / (module.replace(".", "/") + ".py"))


def names() -> str:
    """Return the text of ``cpl_sync/__init__.py``: the public names, each loaded at first use."""
    block = next(node for node in tree_of("__init__").body if isinstance(node, ast.If))
    homes = {node.names[0].name: node.module for node in block.body if isinstance(node, ast.ImportFrom) and node.module}
    twins = {name: twinned()[name] for name in homes if name in twinned()}
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
        "    return sorted(__all__)",
    ]
    return tidied("\n".join(lines) + "\n", FACADE / "__init__.py")


def generated() -> dict[Path, str | None]:
    """Return the text of each generated module, or ``None`` for an existing one that must be removed."""
    packages = sorted({home.rpartition(".")[0] for home in twinned().values()} - {""})
    files: dict[Path, str | None] = {}
    for package in packages:
        files |= dict.fromkeys((FACADE / package).glob("*.py"))
    files[FACADE / "__init__.py"] = names()
    for package in packages:
        head = f"# generated from cpl_async/{package}/__init__.py by tools/generate_sync.py, do not edit\n"
        docstring = ast.get_docstring(tree_of(f"{package}.__init__")) or ""
        files[FACADE / package / "__init__.py"] = f'{head}"""{docstring.splitlines()[0]}"""\n'
    for module in sorted(set(twinned().values())):
        files[FACADE / (module.replace(".", "/") + ".py")] = module_of(module)
    return files


if __name__ == "__main__":
    sys.exit(run(generated, __doc__))
