"""The command line: thin, one file per verb, each loaded only when it is called."""

import atexit
import os
import sys
import threading
from contextlib import suppress

import click

from beholden import __version__
from beholden.cli.lazy import LazyGroup

VERBS = {
    "scan": "read evidence, find and score devices, keep the result",
    "watch": "scan what an interface, a folder or a connection brings, window by window",
    "probe": "ask devices who they are, only where you say that you may",
    "fleet": "score, count and merge fleets of millions of devices in folders of partitions",
    "show": "show devices, makers, flows, findings or scans",
    "explain": "open one device's scores down to packet and fact",
    "report": "write one self-contained HTML report",
    "export": "write what a scan says in forms that other programs read",
    "judge": "record a person's decision about a device or finding",
    "evidence": "list what can be read, and what it can and cannot tell",
    "knowledge": "show, check, look up, update and compare knowledge",
    "doctor": "check this installation",
}
"""Every verb with its line of help; its module is cli.verbs.<verb>."""


def _lay_packs(_context: click.Context, _option: click.Parameter, folders: tuple[str, ...]) -> None:
    """Put packs behind those of the environment: worker processes see them too."""
    if folders:
        known = os.environ.get("BEHOLDEN_PACKS")
        os.environ["BEHOLDEN_PACKS"] = os.pathsep.join([*([known] if known else []), *folders])


@click.command(
    cls=LazyGroup,
    lines=VERBS,
    package="beholden.cli.verbs",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--knowledge-pack", multiple=True, metavar="DIR", expose_value=False, callback=_lay_packs,
    help="Folder of own facts that add to or overrule knowledge; may be given again. Also $BEHOLDEN_PACKS.",
)  # fmt: skip
@click.version_option(__version__, prog_name="beholden")
def cli() -> None:
    """Tell whom connected devices are beholden to.

    Data go to standard output, talk to standard error. Exit codes: 0 done; 1 an error that its one
    line explains; 2 wrong usage, or a problem in the evidence under --strict; 130 interrupted.
    """


def main() -> None:
    """Run the command line and end the process."""
    code = _run()
    if threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()  # noqa: SLF001 - what os._exit leaves out
    with suppress(OSError):  # a reader that left
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)  # the system takes memory back in a tenth of the time that sorting it would take


def _run() -> int:
    """Run a verb and give the exit code; errors a user can mend are one line."""
    from beholden.model.errors import BeholdenError  # noqa: PLC0415 - keeps --version quick

    try:
        cli(standalone_mode=False)
    except BeholdenError as error:
        click.echo(f"beholden: {error}", err=True)
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"beholden: {place}{error.strerror or error}", err=True)
        return 1
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except SystemExit as stop:
        had_enough = hasattr(sys.stdout, "wrapped")  # click's mark for a reader that left
        return 0 if had_enough else int(stop.code or 0)
    return 0
