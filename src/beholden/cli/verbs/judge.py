"""beholden judge: a person's dated decision, with a reason."""

import getpass
from datetime import UTC, datetime
from pathlib import Path

import click

from beholden.cli.options import json_option, print_json, say, store_option


@click.command(name="judge")
@click.argument("action", type=click.Choice(["merge", "split", "correct", "suppress", "list"]))
@click.argument("subject", required=False)
@click.argument("object_", metavar="[OBJECT]", required=False)
@click.option("--reason", help="Why; needed for every action but list.")
@click.option("--author", help="Who; default the user's login name.")
@store_option
@json_option
def command(
    action: str, subject: str | None, object_: str | None, reason: str | None, author: str | None,
    store: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Record a judgement; the next scan takes it in.

    \b
    merge    KIND:VALUE KIND:VALUE   two identifiers are one device (mac:00:11:22:33:44:55 serial:X1)
    split    KIND:VALUE              an identifier is a device of its own
    correct  DEVICE FIELD=VALUE      brand=axis, kind=camera, model=…; DEVICE an id or KIND:VALUE
    suppress FINDING                 a finding that does not hold
    """  # noqa: D301 - click's mark for a paragraph kept as it is
    from beholden.pipeline.judging import record
    from beholden.pipeline.opening import open_store

    opened = open_store(store)
    if action == "list":
        print_json(opened.judgements().to_pylist())
        return
    made = {
        "made_at": datetime.now(UTC),
        "action": action,
        "subject": subject,
        "object": object_,
        "reason": reason,
        "author": author or getpass.getuser(),
    }
    judgement_id = record(opened, made)
    if as_json:
        print_json(made | {"judgement_id": judgement_id})
    else:
        say(f"judgement {judgement_id} recorded; scan again to see it in force")
