"""beholden probe: ask devices who they are, and scan what they answer."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beholden.cli.options import json_option, print_json, profile_option, say, store_option
from beholden.cli.problems import Problems

if TYPE_CHECKING:
    from beholden.ingest.live.asking import Counts, Manner
    from beholden.ingest.live.probes import Probe
    from beholden.ingest.live.targets import Address

_MADE = (
    "Written by beholden probe: payloads, addresses, ports and times as sockets sent and received them; link "
    "addresses from the kernel's table of neighbours; the rest of the headers is made."
)


@click.command(name="probe")
@click.argument("targets", nargs=-1, required=True)
@click.option(
    "--i-am-allowed", "is_allowed", is_flag=True, help="Say that you may ask these devices; needed."
)
@click.option("--public", "with_public", is_flag=True, help="Ask addresses beyond private networks too.")
@click.option("--only", metavar="PROTOCOLS", help="Ask by these alone, with commas between them.")
@click.option("--rate", type=click.FloatRange(min=0.1, max=1000), default=50.0, show_default=True,
              help="Packets a second, at most.")  # fmt: skip
@click.option("--wait", type=click.FloatRange(min=0.1, max=60), default=5.0, show_default=True,
              help="Seconds to wait for answers.")  # fmt: skip
@click.option("--most", type=click.IntRange(1, 65536), default=1024, show_default=True,
              help="Addresses that are not too many.")  # fmt: skip
@profile_option
@store_option
@json_option
def command(
    targets: tuple[str, ...],
    is_allowed: bool,
    with_public: bool,
    only: str | None,
    rate: float,
    wait: float,
    most: int,
    profile: str,
    store: Path | None,
    as_json: bool,
) -> None:
    """Ask TARGETS (addresses, networks, groups) who they are by harmless questions, and scan the answers.

    Every packet is logged; log and answers lie in the folder `probes` of the store. Without --i-am-allowed nothing
    is sent.
    """
    from beholden.ingest.live.asking import Manner
    from beholden.ingest.live.targets import addresses, is_public
    from beholden.pipeline.opening import default_store

    if not is_allowed:
        raise click.UsageError("this sends packets to others' devices: say --i-am-allowed where you are")
    asked = addresses(targets, most)
    public = next((one for one in asked if is_public(one)), None)
    if public and not with_public:
        raise click.UsageError(
            f"{public} is in no private network: say --public where you are allowed that too"
        )
    home = store or default_store()
    folder = home / "probes"
    folder.mkdir(parents=True, exist_ok=True)
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    log, capture = folder / f"{name}.jsonl", folder / f"{name}.pcapng"
    counts = _asked(asked, _chosen(only), Manner(rate, wait), log, capture)
    say(
        f"{counts.n_sent} packets sent, {counts.n_answers} answers of {len(counts.answered)} addresses; log {log}"
    )
    digest = _scanned(capture, profile, home) if counts.n_answers else None
    if as_json:
        told = {"sent": counts.n_sent, "answers": counts.n_answers, "addresses": sorted(counts.answered)}
        print_json({**told, "log": str(log), "capture": str(capture), "scan": digest})
    elif digest:
        from beholden.cli.summary import print_summary

        print_summary(digest)


def _chosen(only: str | None) -> "list[Probe]":
    from beholden.ingest.live.probes import PROBES

    known = {probe.name: probe for probe in PROBES}
    names = only.split(",") if only else list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"--only {unknown[0]!r}: give some of {', '.join(known)}")
    return [known[name] for name in names]


def _asked(
    targets: "list[Address]", probes: "list[Probe]", manner: "Manner", log: Path, capture: Path
) -> "Counts":
    from beholden.ingest.live.asking import Sent, ask
    from beholden.ingest.live.frames import Recording

    with log.open("w", encoding="utf-8") as lines:

        def tell(sent: Sent) -> None:
            when = datetime.fromtimestamp(sent.time, UTC).isoformat()
            lines.write(json.dumps({**asdict(sent), "time": when}) + "\n")
            lines.flush()

        recording = Recording(capture, _MADE)
        try:
            return ask(targets, probes, manner, recording, tell)
        finally:
            recording.close()


def _scanned(capture: Path, profile: str, store: Path) -> dict[str, Any]:
    from beholden.knowledge.profiles import load_profile
    from beholden.pipeline.opening import open_knowledge, open_store
    from beholden.pipeline.scan import Request, scan
    from beholden.pipeline.summary import summary

    knowledge, opened, problems = open_knowledge(say), open_store(store), Problems()
    request = Request([str(capture)], load_profile(knowledge, profile), datetime.now(UTC))
    outcome = scan(request, opened, knowledge, problems)
    told = {"is_new": outcome.is_new, "n_problems": problems.count, "report": None}
    return summary(opened, outcome.scan_id) | told
