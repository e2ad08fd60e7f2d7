"""beholden show: devices, makers, flows, flaws, findings or scans as a table or as JSON."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from beholden.cli.options import json_option, print_json_rows, say, scan_option, store_option

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


_HAS = {"affected": "has", "not_affected": "has not"}


def _flaw(row: Row) -> list[str]:
    return [
        row["label"] or row["device"][:8], row["cve"], _HAS.get(row["status"], row["status"].replace("_", " ")),
        "exploited" if row["is_exploited"] else "", row["product"], row["version"] or "?", row["affected"] or "?",
        row["due_if_exposed"] or "?", row["due_if_internal"] or "?",
    ]  # fmt: skip


def _sum(row: Row) -> list[str]:
    """Shape what `--by` sums: its key, then how much, how often and since when."""
    key = [row["label"]] if "label" in row else []
    key += [row["operator"] or "?"] if "operator" in row else []
    key += [row["jurisdiction"] or "?", "; ".join(row["instruments"])] if "instruments" in row else []
    key += [row["kind"]] if "kind" in row else []
    seen = [" ".join(row[name]) for name in ("kinds", "jurisdictions", "address_countries") if name in row]
    since = row["first_seen_at"]
    return [
        *key, *seen, str(row["n_devices"]), str(row["bytes_up"]), str(row["bytes_down"]),
        f"{row['share_up'] or 0:.1%}", f"{row['flows_per_day'] or 0:.0f}", f"{since:%Y-%m-%d}" if since else "?",
    ]  # fmt: skip


def _sum_header(by: Sequence[str]) -> list[str]:
    heads = {
        "device": ["device"],
        "operator": ["operator"],
        "regime": ["law", "instruments"],
        "kind": ["kind"],
    }
    seen = {"kind": "kinds", "regime": "laws", "": "at"}
    return [
        *(head for one, some in heads.items() if one in by for head in some),
        *(head for one, head in seen.items() if one not in by),
        "devices", "up", "down", "share", "flows/day", "since",
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
    "flaws": (
        ["device", "flaw", "it", "known", "product", "version", "affected", "due: exposed", "internal"],
        _flaw,
    ),
    "findings": (["device", "rule", "f", "s", "c", "says"], _finding),
    "scans": (["scan", "finished", "profile", "evidence", "devices"], _scan),
}


_WHOLE = {
    "devices": ("device", "index", "bounds"),
    "flows": ("port", "up", "down"),
    "flaws": ("flaw", "it"),
    "scans": ("scan",),
}
"""Columns that are never cut."""
_SUMMED = ("operator", "kind", "law", "devices", "up", "down", "share", "flows/day", "since")


@click.command(name="show")
@click.argument("what", type=click.Choice(list(_VIEWS)))
@store_option
@scan_option
@click.option("--by", multiple=True, type=click.Choice(["device", "operator", "regime", "kind"]),
              help="Sum flows by device, operator, law of the operator or content; repeat for several.")  # fmt: skip
@click.option("--where", multiple=True, metavar="FIELD=VALUE",
              help="Keep rows where it holds: =, !=, ~ (contains), <, <=, >, >=; repeat for and.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help=f"All rows, not only the first {_MOST}.")
@json_option
def command(
    what: str,
    store: Path | None,
    scan_prefix: str | None,
    by: tuple[str, ...],
    where: tuple[str, ...],
    every: bool,
    as_json: bool,
) -> None:
    """Show devices, makers, flows, flaws, findings or scans of the store."""
    from beholden.cli.tables import print_line, print_table
    from beholden.pipeline.listing import listing
    from beholden.pipeline.opening import open_knowledge, open_store

    if by and what != "flows":
        raise click.UsageError("--by sums flows alone")
    opened = open_store(store)
    scan_id = "" if what == "scans" else opened.scan_id(scan_prefix)
    most = None if every or as_json else _MOST
    header, shape = _VIEWS[what]
    if by:
        from beholden.pipeline.leaving import leaving

        listed = leaving(opened, scan_id, by, where, open_knowledge(say), most)
        header, shape = _sum_header(by), _sum
    else:
        listed = listing(opened, scan_id, what, where, most)
    if as_json:
        print_json_rows(listed.rows)
        return
    shown = [shape(row) for row in listed.rows]
    print_table(header, shown, whole=_SUMMED if by else _WHOLE.get(what, ()))
    if len(shown) < listed.n:
        print_line(f"… {listed.n - len(shown)} more; --all shows them")
