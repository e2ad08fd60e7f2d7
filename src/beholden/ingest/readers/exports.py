"""Read the JSON of other tools by the forms of vocabulary/exports.toml, which say what is where."""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beholden.ingest import certificates, distinguished, documents
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.paths import every, first, values
from beholden.ingest.statements import Statements, Subject, addressed, instant
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import keys_of, whole
from beholden.knowledge.base import knowledge_root
from beholden.model.errors import Report
from beholden.model.identifiers import serial

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "exports",
    "exports",
    "JSON of Home Assistant's device registry, runZero, NetBox, Shodan, Censys, masscan, zmap and Kismet",
    "addresses, names, what the tool says of maker, model, firmware, system, site and kind, open ports and services",
    "no flows; what a tool guessed is kept as stated by it",
)
_NAMES = ("tls.certificate.subject", "tls.certificate.issuer")
_STATED = ("inventory.serial", "inventory.asset")
Form = dict[str, Any]


@cache
def _forms() -> dict[str, Form]:
    text = (knowledge_root() / "vocabulary" / "exports.toml").read_text("utf-8")
    forms: dict[str, Form] = tomllib.loads(text)["forms"]
    return forms


def recognise(head: bytes, _: Path) -> bool:
    """Tell JSON whose first record, or the list it stands in, has the keys of a form."""
    return bool(_form_of(head))


def _form_of(head: bytes) -> str | None:
    keys = keys_of(head)
    for name, form in _forms().items():
        top = str(form["records"]).partition("[")[0].partition(".")[0]
        if (keys >= set(form["needs"])) if not top else (top in keys and _has_all(head, form["needs"])):
            return name
    return None


def _has_all(head: bytes, needs: list[str]) -> bool:
    return all(f'"{name}"'.encode() in head for name in needs)


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a document, a list or one record a line; a locator counts records."""
    problems = Problems(report, str(path))
    problems.unit = "record"
    data = whole(path, options.limit_bytes, problems)
    form = _forms().get(_form_of(data) or "", {})
    log = Log("exports", evidence_id, options.spill)
    said = Statements(log)
    for number, record in enumerate(_records(data, form, problems) if form else (), start=1):
        log.n_records += 1
        if not _record(said, number, record, form):
            log.n_rejected += 1
            problems.tell_at("subject", number, "no address, serial number or asset tag", "left out")
    said.flush()
    problems.finish()
    return log.finish()


def _records(data: bytes, form: Form, problems: Problems) -> Iterator[Any]:
    text = data.decode("utf-8", "replace").lstrip("\ufeff")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        yield from _by_line(text, problems)
        return
    found = list(values(document, form["records"]))
    yield from found[0] if len(found) == 1 and isinstance(found[0], list) else found


def _by_line(text: str, problems: Problems) -> Iterator[Any]:
    """Read one record a line; brackets and commas of a list that was cut short are no matter."""
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip().strip("[],").strip()
        if not bare:
            continue
        try:
            yield json.loads(bare)
        except (ValueError, RecursionError):
            problems.tell("JSON", f"line {number}", "damaged JSON", "left out")


def _record(said: Statements, number: int, record: Any, form: Form) -> bool:  # noqa: ANN401
    """Say what a record tells of its subject; False where it has none."""
    record = (
        {str(name).replace(".", "_"): value for name, value in record.items()}
        if isinstance(record, dict)
        else {}
    )
    subject = _subject(record, form)
    if subject is None:
        return False
    say = said.about(
        number, subject, *(_time(first(record, form[name])) for name in ("first_seen", "last_seen"))
    )
    if subject.kind == "mac":
        for value in every(record, form["ip"]):
            held = addressed(None, value)
            say("ip", held.value if held else None)
    certified = _certificates(record, form)
    for name, value in certified.items():
        say(name, value)
    _say(say, record, {name: paths for name, paths in form["says"].items() if name not in certified})
    for part in values(record, form["parts"]) if "parts" in form else ():
        for one in part if isinstance(part, list) else [part]:
            _say(say, one, form["says_of_part"])
    return True


def _certificates(record: Any, form: Form) -> dict[str, str]:  # noqa: ANN401
    """Give what certificates tell that the record holds whole."""
    sent = first(record, [form["certificates"]]) if "certificates" in form else None
    if not isinstance(sent, list) or not all(isinstance(one, str) for one in sent):
        return {}
    return certificates.told(tuple(sent))


def _say(say: Callable[[str, object], None], node: Any, says: Mapping[str, Sequence[str]]) -> None:  # noqa: ANN401
    """Say of each property what stands at its paths."""
    for name, paths in says.items():
        for value in every(node, paths):
            say(name, _written(value) if name in _NAMES else value)


def _written(value: object) -> object:
    """Give a distinguished name as certificates are told by elsewhere: it comes as a text or by its parts."""
    if isinstance(value, dict):
        return distinguished.from_parts(value)
    return distinguished.from_text(value) if isinstance(value, str) else None


def _subject(record: Any, form: Form) -> Subject | None:  # noqa: ANN401
    """Take the first link address, else IP address, else a serial number or asset tag."""
    for mac in every(record, form["mac"]):
        if found := addressed(mac, None):
            return found
    for ip in every(record, form["ip"]):
        if found := addressed(None, ip):
            return found
    for name in _STATED:
        stated = serial(str(first(record, form["says"].get(name, [])) or ""))
        if stated:
            return Subject(name.partition(".")[2], stated)
    return None


def _time(value: object) -> datetime | None:
    """Read ISO 8601, UTC where no zone is told, or seconds since 1970; 0 is no time."""
    return None if value in (None, "", 0) else documents.instant(value) or instant(value)
