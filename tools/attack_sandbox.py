"""Run schemathesis against a sandbox with requests generated from the contract, with all its checks enabled.

    python tools/attack_sandbox.py [--seconds 300]

The sandbox runs in this process on loopback, without rate limit. The run stops by itself. ``EXCEPTIONS`` and
``amended`` contain the few exceptions, each with its reason.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from cpl_async import Address, Client, Order, Shipment
from cpl_async.sandbox import Sandbox, SandboxSettings
from cpl_async.sandbox.labels import CONTENT_TYPES

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "tests" / "contract" / "cpl-openapi.yaml"
EXCEPTIONS = """
# The contract says 400 for what breaks a rule that no schema can hold (an unknown product code, two references in
# place of one, a shipment that is on its way already), so a request that fits the schema may be answered with it.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "404"]
# 401: the status for wrong credentials at the token's address is in doubt (x-doubt), and any text fits the schema.
"""


def amended() -> dict[str, Any]:
    """Return the contract with its gaps and doubts resolved.

    It declares that each operation needs a token, but not the response without one: 401. It declares a header with a
    closed set of values for ``GET /info``, but not the response to other values: 400. It declares labels as
    ``application/json`` of the format ``binary``, but they are files. And it doubts (x-doubt) whether ``GET /order``
    returns one order or an array: the sandbox returns an array, as clients receive it.
    """
    contract = dict(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))
    for methods in contract["paths"].values():
        for spec in methods.values():
            if spec.get("security") != []:
                spec["responses"] = {**spec["responses"], "401": {"description": "No token, or none that is good"}}
    contract["paths"]["/info"]["get"]["responses"]["400"] = contract["paths"]["/order"]["get"]["responses"]["400"]
    for path in ("/data/{dataGuid}", "/shipment/batch/{batchId}/label"):
        answer = contract["paths"][path]["get"]["responses"]["200"]["content"]
        media = answer.pop("application/json")
        answer.update(dict.fromkeys(CONTENT_TYPES.values(), media))
    answer = contract["paths"]["/order"]["get"]["responses"]["200"]["content"]["application/json"]
    answer["schema"] = {"type": "array", "items": answer["schema"]}
    return contract


def token_of(base_url: str) -> str:
    """Return an access token of the sandbox."""
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"{base_url}/login/getAccessToken", data) as answer:
        return str(json.load(answer)["access_token"])


async def known_things(base_url: str) -> str:
    """Create a shipment and an order, and return a configuration with their IDs for operations that need an ID.

    Random IDs would only ever result in a 404.
    """
    recipient = Address(name="Městský úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
    parcel = Shipment(reference_id="attack", product_type="PRIV", recipient=recipient)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    order = Order(reference_id="attack", order_type="CollectionOrder", shipment_count=1, send_date=tomorrow)
    async with Client(client_id="sandbox", client_secret="sandbox", base_url=base_url) as client:
        batch = await client.shipment_batches.create([parcel])
        item = (await batch.wait()).items[0]
        orders = await client.order_batches.create([order])
    label = str(item.label_url).rpartition("/")[2]
    known = {
        "/shipment/batch/{batchId}": {"path.batchId": batch.id},
        "/shipment/batch/{batchId}/label": {"path.batchId": batch.id},
        "/order/batch/{batchId}": {"path.batchId": orders.id},
        "/data/{dataGuid}": {"path.dataGuid": label},
    }
    known |= {
        f"/shipment/{{shipmentNumber}}/{call}": {"path.shipmentNumber": str(item.shipment_number)}
        for call in ("cancel", "redirect", "documents")
    }
    return "".join(
        f'\n[[operations]]\ninclude-path = "{path}"\nparameters = {{ "{name}" = "{value}" }}\n'
        for path, parameters in known.items()
        for name, value in parameters.items()
    )


def main() -> int:
    """Run the attack and return the exit status of schemathesis."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300, help="length of the run")
    parser.add_argument("--seed", type=int, help="of the requests, to repeat a run")
    options, more = parser.parse_known_args()
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or shutil.which("schemathesis")
    if command is None:
        print("schemathesis is not installed: pip install --group dev", file=sys.stderr)
        return 2
    settings = SandboxSettings(interval=0.0, tokens_a_minute=100_000, speed=100.0, token_seconds=86_400)
    with Sandbox(settings) as sandbox, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(EXCEPTIONS + asyncio.run(known_things(sandbox.base_url)), encoding="utf-8")
        contract = Path(folder) / "contract.json"
        contract.write_text(json.dumps(amended()), encoding="utf-8")
        arguments = ["--config-file", str(config), "run", str(contract), "--url", sandbox.base_url]
        arguments += ["--header", f"Authorization: Bearer {token_of(sandbox.base_url)}"]
        arguments += ["--max-time", str(options.seconds), "--no-color"]
        arguments += ["--seed", str(options.seed)] if options.seed is not None else []
        status = subprocess.run([command, *arguments, *more], cwd=folder, check=False).returncode
        print(f"{len(sandbox.ledger.entries)} requests reached the sandbox")
    return status


if __name__ == "__main__":
    sys.exit(main())
