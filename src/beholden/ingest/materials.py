"""What bills of materials say, whatever their form: of which device or firmware, its parts, and what is said of flaws."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from beholden.ingest import vex
from beholden.ingest.logs import Log
from beholden.ingest.statements import Statements, Subject, addressed
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.vex import subjects
from beholden.knowledge.flaws_names import named, unescaped
from beholden.knowledge.vex import Product, Said
from beholden.model import identifiers
from beholden.model.flaw_states import STATES

MOST_CHARACTERS = 512
"""Of the text that names a subject."""
MADE = "sbom:"
"""Begins the id that a reader makes for a bill that has no number."""
MOST_DEPTH = 64
"""Levels of parts within parts that are read."""
_HARDWARE, _FIRMWARE = "device", "firmware"
_SOFTWARE = frozenset(
    {
        "", "application", "container", "devicedriver", "driver", "executable", "framework", "install", "library",
        "module", "operatingsystem", "other", "platform", "source",
    }
)  # fmt: skip
"""Purposes of what is software that runs; files, data, keys, patches and documents are none."""
_SERIAL = frozenset({"serial", "serialno", "serialnumber", "deviceserialnumber"})
_MAC = frozenset({"mac", "macaddress", "hwaddress", "ethernetmacaddress", "wlanmacaddress", "wifimacaddress"})
_IP = frozenset({"ip", "ipaddress", "ipv4", "ipv4address", "ipv6", "ipv6address"})
_SHA256 = "sha256"


class Part(NamedTuple):
    """One part: what it is for (`device`, `firmware`, `library` …), and what identifies it; empty where not stated."""

    ref: str
    purpose: str
    name: str
    version: str = ""
    supplier: str = ""
    purls: Sequence[str] = ()
    cpes: Sequence[str] = ()
    digests: Mapping[str, str] = {}
    stated: Sequence[tuple[str, str]] = ()
    """Further properties with their names, of which the last word counts."""

    @property
    def title(self) -> str:
        """Name and version as one word each side of the last `@`."""
        return f"{self.name}@{self.version.replace('@', '%40')}"


class Flaw(NamedTuple):
    """What is said of a vulnerability: its id, a state as CycloneDX names them, the parts it is said of, why and when."""

    id: str
    state: str
    refs: Sequence[str]
    because: str = ""
    when: datetime | None = None


class Bill(NamedTuple):
    """A bill of materials: the device or software that it is of, where it says so, and the parts in it."""

    id: str
    when: datetime | None
    main: Part | None
    parts: Sequence[Part]
    flaws: Sequence[Flaw] = ()
    author: str = ""

    @property
    def is_of_flaws(self) -> bool:
        """Tell whether it lists no parts, only what is said of flaws: it is no device's then, but speaks of a product."""
        return bool(self.flaws) and not self.parts


def tell(log: Log, bill: Bill, problems: Problems) -> None:
    """Tell what a bill says; a locator counts parts, of which what it is of is the first."""
    said = Statements(log)
    subject = _subject(bill)
    parts = [bill.main, *bill.parts] if bill.main else list(bill.parts)
    if subject.kind == _FIRMWARE:
        vex.tell(log, bill.author, list(_on_products(bill, parts)))
    if subject.kind == _FIRMWARE and bill.is_of_flaws:
        log.n_records += len(bill.flaws)
        return
    for number, part in enumerate(parts, start=1):
        log.n_records += 1
        if not part.name:
            log.n_rejected += 1
            problems.tell_at("name", number, "a part without a name", "left out")
            continue
        for name, value in _of_part(part, is_main=part is bill.main):
            said.say(number, subject, name, value, bill.when)
    for name, value in _of_device(bill.main, subject) if bill.main else ():
        said.say(1, subject, name, value, bill.when)
    for name in _names(bill):
        said.say(1, subject, "sbom.name", name, bill.when)
    _tell_flaws(said, bill, subject, parts)
    said.flush()


def _names(bill: Bill) -> Iterable[str]:
    """Give by what others may refer to a bill: its number, and package URLs of what it is of."""
    number = [] if bill.id.startswith(MADE) else [bill.id]
    return dict.fromkeys([*number, *(bill.main.purls if bill.main else ())])


def _tell_flaws(said: Statements, bill: Bill, subject: Subject, parts: Sequence[Part]) -> None:
    """Tell what a bill says of flaws in the device or firmware that it is of."""
    places = {part.ref: (number, part.title) for number, part in enumerate(parts, start=1) if part.ref}
    for flaw in (one for one in bill.flaws if one.id):
        for ref in flaw.refs or ("",):
            number, title = places.get(ref, (1, ref))
            made = Said(flaw.id, flaw.state, flaw.because, title)
            said.say(number, subject, "sbom.flaw", made.text(), flaw.when or bill.when)
    if bill.flaws:
        said.say(1, subject, "vex.author", bill.author, bill.when)


def _on_products(bill: Bill, parts: Sequence[Part]) -> Iterable[vex.Stated]:
    """Give what is said of flaws in the product that a bill is of; a part may be one of another bill (BOM-Link)."""
    if bill.main is None:
        return
    names = subjects(
        Product(bill.main.supplier, bill.main.name, bill.main.version), *bill.main.cpes, *bill.main.purls
    )
    known = {part.ref: (number, part) for number, part in enumerate(parts, start=1) if part.ref}
    for flaw in (one for one in bill.flaws if one.id and one.state in STATES and one.state != "unstated"):
        for ref in flaw.refs or (bill.main.ref,):
            number, part = known.get(ref, (1, bill.main if ref == bill.main.ref else _linked(ref)))
            if part is not None:
                title = "" if part is bill.main else part.title
                said = Said(flaw.id, STATES[flaw.state], flaw.because, title)
                yield vex.Stated(number, names, said, flaw.when or bill.when)


def _linked(ref: str) -> Part | None:
    """Give the part of another bill that a reference names by its CPE name or package URL."""
    found = named(unescaped(ref.rpartition("#")[2]))
    return Part(ref, "", found.product, found.version) if found else None


def _subject(bill: Bill) -> Subject:
    """Give whom the bill speaks of: a device that it names, else the firmware by its hash, else itself."""
    main = bill.main or Part("", "", "")
    for mac in _values(main, _MAC):
        if found := addressed(mac, None):
            return found
    for text in _values(main, _SERIAL):
        if stated := identifiers.serial(text):
            return Subject("serial", stated)
    digests = {name: value.lower() for name, value in main.digests.items() if value.isalnum()}
    if _SHA256 in digests:
        return Subject("firmware", digests[_SHA256][:MOST_CHARACTERS])
    strongest = sorted(digests.items(), key=lambda one: len(one[1]))[-1:]
    return Subject("firmware", (":".join(strongest[0]) if strongest else bill.id)[:MOST_CHARACTERS])


def _values(part: Part, names: frozenset[str]) -> Iterable[str]:
    return [value for name, value in part.stated if word(name.rpartition(":")[2]) in names]


def _of_device(main: Part, subject: Subject) -> Iterable[tuple[str, str]]:
    """Say what a bill tells of the device itself; the version of a device may be that of its hardware."""
    yield "inventory.vendor", main.supplier
    yield "inventory.model", main.name if main.purpose == _HARDWARE else ""
    yield "inventory.firmware", main.version if main.purpose == _FIRMWARE else ""
    for mac in _values(main, _MAC):
        found = addressed(mac, None)
        yield "mac", found.value if found and found != subject else ""
    for text in _values(main, _SERIAL):
        yield "inventory.serial", identifiers.serial(text) or ""
    for ip in _values(main, _IP):
        held = addressed(None, ip)
        yield "ip", held.value if held else ""


def _of_part(part: Part, *, is_main: bool) -> Iterable[tuple[str, str]]:
    """Say what a part is; the device that the bill is of is no part of itself."""
    role = _role(part.purpose)
    if not role or (is_main and role == "module"):
        return
    yield f"sbom.{role}", part.title
    if part.supplier:
        yield "sbom.supplier", f"{part.title}: {part.supplier}"
    yield from (("sbom.purl", purl) for purl in part.purls)
    yield from (("sbom.cpe", cpe) for cpe in part.cpes)
    if part.digests:
        name = _SHA256 if _SHA256 in part.digests else min(part.digests)
        yield "sbom.hash", f"{part.title}: {name}:{part.digests[name].lower()}"


def _role(purpose: str) -> str:
    if purpose == _HARDWARE:
        return "module"
    return _FIRMWARE if purpose == _FIRMWARE else "library" if purpose in _SOFTWARE else ""


def word(name: object) -> str:
    """Write a name as it is compared: letters and digits alone, in lower case."""
    return "".join(one for one in str(name or "").casefold() if one.isalnum())
