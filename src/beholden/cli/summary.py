"""The end of a scan on one screen of 80 columns and 24 lines."""

from typing import Any

from beholden.cli.tables import print_line, print_table

_BAR = 10


def _bar(share: float) -> str:
    full = round(max(0.0, min(1.0, share)) * _BAR)
    return "█" * full + "░" * (_BAR - full)


def print_summary(digest: dict[str, Any]) -> None:
    """Print the digest of a scan."""
    known = f"brand known {digest['n_brand_known']}, kind known {digest['n_kind_known']}"
    state = "" if digest["is_new"] else "; nothing new"
    print_line(f"{digest['n_devices']} devices from {digest['n_evidence']} evidence; {known}{state}")
    counts = [f"{name} {n}" for name, n in digest["jurisdictions"].items()]
    print_line("owned from: " + ", ".join(counts[:8]) + (" …" if len(counts) > 8 else ""))
    rows = [
        [
            name,
            _bar(risk["mean_likelihood"]),
            f"{risk['mean_likelihood']:.2f}",
            f"{risk['sum_risk']:.1f}",
            f"[{risk['sum_lower']:.1f}, {risk['sum_upper']:.1f}]",
            f"{risk['mean_coverage']:.0%}",
        ]
        for name, risk in digest["risks"].items()
    ]
    print_table(["risk", "mean score", "", "risk units", "bounds", "coverage"], rows)
    worst = [
        [
            one["device"][:8],
            one["label"],
            (one["owner"] or {}).get("jurisdiction") or "?",
            f"{one['index']:.0f}",
            f"[{one['lower']:.0f}, {one['upper']:.0f}]",
            one["worst_risk"],
        ]
        for one in digest["worst"]
    ]
    print_table(["device", "what", "law", "index", "bounds", "worst risk"], worst)
    print_line(f"scan {digest['scan']}, profile {digest['profile']}")
    if digest["report"]:
        print_line(f"report {digest['report']}")
