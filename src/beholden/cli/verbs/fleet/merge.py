"""beholden fleet merge: the shares of sites as one, as if all their devices had been scanned together."""

from pathlib import Path
from typing import Any

import click

from beholden.cli.options import json_option, print_json

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_MOST = 15


@click.command(name="merge")
@click.argument("shares", nargs=-1, required=True, type=_FILE)
@click.option("--trust", multiple=True, required=True, type=click.Path(path_type=Path, exists=True),
              help="Public key that shares may be signed with, or a folder of them; repeat for several.")  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write the merged share to."
)
@click.option("--key", type=_FILE, help="Private key to sign the merged share with.")
@click.option("--mixed", is_flag=True, help="Merge shares made by different knowledge, profiles or versions.")
@click.option(
    "--dimension", default="jurisdiction", show_default=True, help="Dimension of the roll-ups to show."
)
@json_option
def command(
    shares: tuple[Path, ...],
    trust: tuple[Path, ...],
    out: Path | None,
    key: Path | None,
    mixed: bool,
    dimension: str,
    as_json: bool,
) -> None:
    """Merge SHARES of sites: what a scan of all their devices would roll up to."""
    from beholden.pipeline.fleet.merging import merge_files

    document = merge_files(shares, trust, out, key, is_mixed=mixed)
    if as_json:
        print_json(document)
    else:
        _print(document, dimension)


def _print(document: dict[str, Any], dimension: str) -> None:
    from beholden.cli.tables import print_line, print_table

    for part in document["parts"]:
        print_line(f"{part['site']}: {part['n_devices']:,} devices as of {part['as_of'][:10]}")
    for name, values in document["made_by"].items():
        if len(values) > 1:
            print_line(f"mixed: {len(values)} different {name}")
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in document["rollups"]:
        if row["dimension"] == dimension:
            groups.setdefault(row["group"], {})[row["category"]] = row
    largest = sorted(groups.items(), key=lambda one: -max(row["n_devices"] for row in one[1].values()))
    rows = [_line(name or "unknown", risks) for name, risks in largest[:_MOST]]
    print_table([dimension, "devices", "risk units", "most by"], rows)
    if len(largest) > _MOST:
        print_line(f"… {len(largest) - _MOST} more groups; --json tells all")


def _line(name: str, risks: dict[str, dict[str, Any]]) -> list[str]:
    n = max(row["n_devices"] for row in risks.values())
    worst = max(risks, key=lambda category: risks[category]["sum_risk"])
    return [name, f"{n:,}", f"{sum(row['sum_risk'] for row in risks.values()):,.1f}", worst]
