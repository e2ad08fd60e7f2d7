"""beholden evidence: what can be read, and what it can and cannot tell."""

import click

from beholden.cli.options import json_option, print_json
from beholden.cli.tables import print_table


@click.command(name="evidence")
@json_option
def command(as_json: bool) -> None:
    """List every reader and every protocol that packets are dissected for."""
    from beholden.ingest.dissect.registry import PROTOCOLS
    from beholden.ingest.formats import all_readers

    readers = all_readers()
    if as_json:
        protocols = [
            {"name": one.name, "transport": one.transport, "ports": one.ports, "reference": one.reference}
            for one in PROTOCOLS
        ]
        print_json({"readers": [one._asdict() for one in readers], "protocols": protocols})
        return
    print_table(["reader", "reads", "yields"], [[one.name, one.reads, one.yields] for one in readers])
    click.echo("")
    print_table(["reader", "cannot tell, or ends at"], [[one.name, one.limits] for one in readers])
    click.echo("")
    rows = [
        [one.name, one.transport, " ".join(map(str, one.ports)) or "by content", one.reference]
        for one in PROTOCOLS
    ]
    print_table(["protocol", "over", "ports", "reference"], rows)
