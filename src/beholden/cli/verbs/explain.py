"""beholden explain: one device from its scores down to packet and fact."""

from pathlib import Path
from typing import Any

import click

from beholden.cli.options import json_option, print_json, scan_option, store_option
from beholden.cli.tables import print_line

Row = dict[str, Any]
_MOST_EVIDENCE = 3
_DECIDED = ("fixed", "not_affected")
_MOST_FLAWS = 5


@click.command(name="explain")
@click.argument("device")
@store_option
@scan_option
@click.option("--risk", multiple=True, help="Only these risks; repeat for several.")
@json_option
def command(
    device: str, store: Path | None, scan_prefix: str | None, risk: tuple[str, ...], as_json: bool
) -> None:
    """Explain DEVICE: an id or its beginning, a MAC, an IP, a serial number or a host name."""
    from beholden.pipeline.explain import explain
    from beholden.pipeline.opening import open_store

    opened = open_store(store)
    proof = explain(opened, opened.scan_id(scan_prefix), device)
    if risk:
        proof["risks"] = [one for one in proof["risks"] if one["category"] in risk]
    if as_json:
        print_json(proof)
    else:
        _print(proof)


def _print(proof: Row) -> None:
    print_line(f"{proof['label']}  {proof['device']}  index {proof['index']:.1f}")
    print_line("")
    print_line("what it is")
    for row in proof["identifications"]:
        if row["chosen"]:
            print_line(f"  {row['field']} = {row['value']}  ({row['confidence']:.2f}, {row['fingerprint']})")
            _print_place(row["evidence"], "      ")
            _print_facts(row["facts"], "      ")
    print_line("whose it is")
    for row in proof["provenance"]:
        print_line(
            f"  {row['role']}: {row['name']} ({row['jurisdiction'] or '?'})  ({row['confidence']:.2f})"
        )
        _print_facts(row["facts"], "      ")
    _print_flaws(proof["flaws"])
    if proof["cards"]:
        print_line("what its cards did")
        for finding in proof["cards"]:
            _print_finding(finding)
    for risk in proof["risks"]:
        _print_risk(risk)


def _print_flaws(flaws: list[Row]) -> None:
    """Print the flaws of the device's version, those that are exploited first, and how many are possible."""
    if not flaws:
        return
    held = [one for one in flaws if one["is_affected"]]
    others = [one for one in flaws if not one["is_affected"] and one["status"] not in _DECIDED]
    decided = len(flaws) - len(held) - len(others)
    told = f", {decided} stated to be fixed or not there" if decided else ""
    print_line(f"published flaws: {len(held)} of its version, {len(others)} possible{told}")
    for one in (held or others)[:_MOST_FLAWS]:
        known = ", known to be exploited" if one["is_exploited"] else ""
        due = f"fix {one['due_if_exposed'] or '?'} if exposed, {one['due_if_internal'] or '?'} if not"
        version = f"{one['version'] or 'version not known'}, affected {one['affected'] or 'not said'}"
        part = f"{one['component']} in " if one["component"] else ""
        print_line(f"  {one['cve']}{known}: {part}{one['product']} {version}; {due}")
        _print_facts(one["facts"], "      ")
    if len(held or others) > _MOST_FLAWS:
        print_line(f"  … {len(held or others) - _MOST_FLAWS} more; show flaws lists them")


def _print_risk(risk: Row) -> None:
    context = "  [context of site and country]" if risk["context"] else ""
    print_line("")
    print_line(
        f"{risk['category']}: risk {risk['risk']:.4f} [{risk['risk_lower']:.4f}, {risk['risk_upper']:.4f}], "
        f"score {risk['likelihood']:.4f}, coverage {risk['coverage']:.0%}{context}"
    )
    for row in risk["propositions"]:
        print_line(
            f"  {row['factor']} {row['proposition']}: b {row['belief']:.3f} d {row['disbelief']:.3f} "
            f"u {row['uncertainty']:.3f}, weight {row['weight']:g}, share {row['share']:.0%}"
        )
        for finding in row["findings"]:
            _print_finding(finding)
    for step in risk["steps"]:
        print_line(f"    {step['name']}: {step['text']} = {step['value']:.6g}")
    verdict = "agrees with the stored score" if risk["agrees"] else "DIFFERS from the stored score"
    print_line(f"    computed again: {verdict}")
    if risk["next_best_evidence"]:
        print_line(f"    next best evidence: {risk['next_best_evidence']}")


def _print_finding(finding: Row) -> None:
    print_line(
        f"    {finding['rule']} s {finding['strength']:.2f} c {finding['confidence']:.2f}: {finding['says']}"
    )
    if finding["contain"]:
        print_line(f"      at once: {finding['contain']}")
    for row in finding["evidence"][:_MOST_EVIDENCE]:
        _print_place(row, "      ")
    if len(finding["evidence"]) > _MOST_EVIDENCE:
        print_line(f"      … and {len(finding['evidence']) - _MOST_EVIDENCE} places more")
    _print_facts(finding["facts"], "      ")


def _print_place(row: Row, indent: str) -> None:
    kind = next((name for name in ("frame", "row", "line", "judgement") if name in row), None)
    where = f"{kind} {row[kind]}" if kind else "?"
    print_line(f"{indent}{row['file']} {where} ({row['sha256'][:12]}…): {row['property']} {row['value']}")


def _print_facts(facts: list[Row], indent: str) -> None:
    for fact in facts:
        print_line(f"{indent}“{fact['text']}” — {fact['publisher']}, {fact['date']} {fact['url'] or ''}")
