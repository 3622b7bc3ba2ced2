"""Ship one parcel without `await` and save its label; say what is known when something goes wrong.

The API takes the same reference twice: run twice, this ships two parcels. `cpl ship` has a journal against that.

    cpl sandbox --port 8080          # in another terminal; paste the three lines that it prints
    python examples/one_parcel_sync.py 2026-00001
"""

from __future__ import annotations

import sys
from pathlib import Path

from cpl_sync import Address, Client, CplError, ExternalNumber, LabelSettings, Outcome, Shipment


def parcel(reference: str) -> Shipment:
    """Return the shipment; CUST makes it possible to ask later whether it was created."""
    return Shipment(
        reference_id=reference,
        product_type="PRIV",
        recipient=Address(
            name="Městský úřad Kolín", street="Karlovo náměstí 78", city="Kolín", zip_code="28002", country="CZ"
        ),
        external_numbers=[ExternalNumber(code="CUST", external_number=reference)],
    )


def save(number: str | None, content: bytes) -> Path:
    """Write the label and return its file."""
    file = Path(f"label-{number}.pdf")
    file.write_bytes(content)
    return file


def ship(reference: str) -> int:
    """Ship it; return the exit status."""
    with Client.from_env() as cpl:
        try:
            batch = cpl.shipment_batches.create([parcel(reference)], labels=LabelSettings(format="Pdf"))
        except CplError as error:
            print(error, file=sys.stderr)
            if error.outcome is Outcome.UNKNOWN:
                found = list(cpl.shipments.iterate(customer_references=[reference]))
                print(f"{len(found)} parcels with this reference are known now; look again later", file=sys.stderr)
            return 1
        result = batch.wait(timeout=120, raise_errors=True)
        label = batch.label()
    print(save(result.items[0].shipment_number, label.content))
    return 0


if __name__ == "__main__":
    sys.exit(ship(sys.argv[1] if len(sys.argv) > 1 else "2026-00001"))
