"""Runs the pieces of a page in one namespace, and uses what they made; needs no package of the tests.

``python run_page.py PAGE PIECES``: the page's name, and a JSON file with its pieces of Python.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def ask_flask(space: dict[str, Any]) -> None:
    """Ship and fetch the label as a browser does."""
    browser = space["app"].test_client()
    to = {"name": "Jan", "street": "Husova 1", "city": "Kolín", "zip_code": "28002", "country": "CZ"}
    given = {"json": {"reference": "f-1", "recipient": to}, "headers": {"X-Request-ID": "order-17"}}
    sent = browser.post("/shipments", **given)
    assert sent.status_code == 202
    handle = space["cpl"].shipment_batches.handle(sent.json["batch"])
    assert handle.wait(timeout=60).errors == {}
    assert browser.get(f"/batches/{handle.id}/label.pdf").data.startswith(b"%PDF")
    assert browser.get("/batches/none/label.pdf").status_code == 503
    given["json"] = {"reference": "f-2", "recipient": to | {"country": "XX"}}
    assert browser.post("/shipments", **given).status_code == 422


def call_function(space: dict[str, Any]) -> None:
    """Call the handler as the platform does."""
    assert space["handler"]({"number": "40900000009"}, None) == {"number": "40900000009", "phase": None}


USES: dict[str, Callable[[dict[str, Any]], None]] = {
    "how-to/flask.md": ask_flask,
    "how-to/serverless.md": call_function,
}
"""What is done with what a page has made."""


def run(page: str, pieces: list[str]) -> None:
    """Run a page from its top to its end."""
    space: dict[str, Any] = {"__name__": "page"}
    for number, text in enumerate(pieces, 1):
        code = compile(text, f"{page}, piece {number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, space)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    if (use := USES.get(page)) is not None:
        use(space)
    for name in ("cpl", "shop"):
        if name in space:
            space[name].close()
    if "sandbox" in space:
        space["sandbox"].stop()


if __name__ == "__main__":
    run(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
