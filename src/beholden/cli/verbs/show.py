"""beholden show: devices, makers, flows, findings or scans as a table or as JSON."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from beholden.cli.options import json_option, print_json_rows, scan_option, store_option

Row = dict[str, Any]
_MOST = 50


def _name(company: Row | None) -> str:
    return f"{company['name']} ({company['jurisdiction'] or '?'})" if company else "?"


def _device(row: Row) -> list[str]:
    place = next(iter([*row["macs"], *row["ips"], *row["serials"], *row["hostnames"]]), "")
    known = [(row["brand"] or {}).get("name"), row["model"], row["kind"]]
    part = row["module"] or row["chip"]
    clouds = sorted({one["jurisdiction"] or "?" for one in row["clouds"] if one["operator"]})
    return [
        place or row["device"], " ".join(text for text in known if text) or "?",
        (row["owner"] or {}).get("jurisdiction") or "?", _name(part) if part else "?", " ".join(clouds) or "?",
        f"{row['index']:.0f}", f"{row['lower']:.0f}–{row['upper']:.0f}",
    ]  # fmt: skip


def _maker(row: Row) -> list[str]:
    return [
        row["maker"], row["jurisdiction"] or "?", row["owner"] or "?", row["owner_jurisdiction"] or "?",
        str(row["n_devices"]), " ".join(row["lists"]), f"{row['worst_index']:.0f}",
    ]  # fmt: skip


def _flow(row: Row) -> list[str]:
    arrow = "in" if row["is_inbound"] else "out"
    return [
        row["label"] or row["device"], arrow, row["name"] or row["address"],
        f"{row['protocol']}/{row['server_port']}", f"{row['operator_id'] or '?'} ({row['jurisdiction'] or '?'})",
        row["address_country"] or "?", str(row["bytes_up"]), str(row["bytes_down"]),
    ]  # fmt: skip


def _finding(row: Row) -> list[str]:
    return [
        row["label"] or row["device"][:8], row["rule_id"], row["factor"],
        f"{row['strength']:.2f}", f"{row['confidence']:.2f}", row["detail"],
    ]  # fmt: skip


def _scan(row: Row) -> list[str]:
    return [
        row["scan_id"], f"{row['finished_at']:%Y-%m-%d %H:%M}", row["profile"],
        str(row["n_evidence"]), str(row["n_devices"]),
    ]  # fmt: skip


_VIEWS: dict[str, tuple[Sequence[str], Callable[[Row], list[str]]]] = {
    "devices": (
        ["device", "what", "law", "part", "clouds", "index", "bounds"],
        _device,
    ),
    "makers": (["maker", "law", "owner", "law", "devices", "lists", "index"], _maker),
    "flows": (["device", "way", "destination", "port", "operator", "at", "up", "down"], _flow),
    "findings": (["device", "rule", "f", "s", "c", "says"], _finding),
    "scans": (["scan", "finished", "profile", "evidence", "devices"], _scan),
}


_WHOLE = {"devices": ("device", "index", "bounds"), "flows": ("port", "up", "down"), "scans": ("scan",)}
"""Columns that are never cut."""


@click.command(name="show")
@click.argument("what", type=click.Choice(list(_VIEWS)))
@store_option
@scan_option
@click.option("--where", multiple=True, metavar="FIELD=VALUE",
              help="Keep rows where it holds: =, !=, ~ (contains), <, <=, >, >=; repeat for and.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help=f"All rows, not only the first {_MOST}.")
@json_option
def command(
    what: str, store: Path | None, scan_prefix: str | None, where: tuple[str, ...], every: bool, as_json: bool
) -> None:
    """Show devices, makers, flows, findings or scans of the store."""
    from beholden.cli.tables import print_line, print_table
    from beholden.pipeline.listing import listing
    from beholden.pipeline.opening import open_store

    opened = open_store(store)
    scan_id = "" if what == "scans" else opened.scan_id(scan_prefix)
    listed = listing(opened, scan_id, what, where, None if every or as_json else _MOST)
    if as_json:
        print_json_rows(listed.rows)
        return
    header, shape = _VIEWS[what]
    shown = [shape(row) for row in listed.rows]
    print_table(header, shown, whole=_WHOLE.get(what, ()))
    if len(shown) < listed.n:
        print_line(f"… {listed.n - len(shown)} more; --all shows them")
