"""Write docs/evidence.md: what each reader gave of its golden files, and one network seen in three ways."""  # noqa: INP001

import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from generate import DOCS, ROOT, code, table

sys.path.insert(0, str(ROOT))
PAGE = DOCS / "evidence.md"
NOTE = "<!-- Written by docs/evidence.py; `python docs/evidence.py` writes it anew. -->\n\n"
INGEST = ROOT / "tests" / "ingest"
CASES = ("exports/cases/*/*", "readers/golden/*/*/*", "readers/cases/*/*", "capture")
_WORDS = {
    "name": ("hostname", "mdns.", "dns.ptr", "system_name", "nbns.name", "radio.name", "dhcp.fqdn"),
    "serial, asset": ("serial", "inventory.asset", "imei"),
    "maker, model": ("vendor", "manufacturer", "model", "supplier"),
    "firmware, system": ("firmware", "inventory.os", "scan.os", "mud.software", "software"),
    "ports, services": ("port.open", "scan.service", "http.server", "ssh.version"),
    "certificates": ("tls.certificate", "tls.chain"),
    "parts": ("sbom.library", "sbom.module"),
    "flaws": ("vex.", "sbom.flaw"),
}
"""What a property tells, by what its name holds."""
COLUMNS = ("link address", "IP address", *_WORDS, "flows", "look-ups")


def page() -> str:
    """Make the page."""
    from beholden.ingest.formats import all_readers  # noqa: PLC0415

    given = yields()
    rows = [
        (code(reader.kind), *("yes" if column in given[reader.kind] else "" for column in COLUMNS))
        for reader in all_readers()
        if reader.kind in given
    ]
    return NOTE + (
        "# What evidence yields\n\n## By reader\n\nWhat each reader gave of the golden files of its tests, and of the "
        "files of `examples/clinic`; workbooks and Parquet are read as `csv` is. A file that holds less gives less. "
        "[Evidence](reference/evidence.md) says where each reader ends.\n\n"
        + table(("reader", *COLUMNS), rows)
        + "\n## One network in three ways\n\nThe clinic by its capture, by logs of the packets in Zeek's published form, "
        "and as nmap lists who answers: devices, and how many of them have the very ids that the capture gives.\n\n"
        + table(("seen by", "devices", "with the capture's ids"), same_network())
    )


def yields() -> dict[str, set[str]]:
    """Read every golden file and say of each kind of evidence what it gave."""
    from beholden.ingest.formats import HEAD, recognise  # noqa: PLC0415

    given: dict[str, set[str]] = defaultdict(set)
    paths = [path for case in CASES for path in sorted(INGEST.glob(case)) if path.name != "expected.json"]
    for path in [*paths, *sorted((ROOT / "examples" / "clinic").glob("*.[cp]*"))]:
        kind = recognise(path.read_bytes()[:HEAD], path)[0] if path.is_file() else None
        if kind:
            given[kind] |= said(path)
    return given


def said(path: Path) -> set[str]:
    """Read one file and name the sorts of what it gave."""
    from beholden.ingest.read import Options, ingest  # noqa: PLC0415

    found = ingest([str(path)], lambda _: None, Options())
    observed = [*found.observations, *found.listed]
    sorts = {"flows"} if any(map(n_rows, found.flows)) else set()
    sorts |= {"look-ups"} if any(map(n_rows, found.lookups)) else set()
    for piece in observed:
        rows = whole(piece).select(["subject_kind", "property"]).to_pylist()
        kinds = {row["subject_kind"] for row in rows}
        properties = {row["property"] for row in rows}
        sorts |= {"link address"} if "mac" in kinds or "mac" in properties else set()
        sorts |= {"IP address"} if "ip" in kinds or properties & {"ip", "frame.ip"} else set()
        sorts |= {
            sort for sort, words in _WORDS.items() for one in properties if any(word in one for word in words)
        }
    return sorts


def sort(name: str) -> str:
    """Say what a property tells, by what its name holds; of a certificate, that alone."""
    found = [one for one, words in _WORDS.items() if any(word in name for word in words)]
    return "certificates" if "certificates" in found else next(iter(found), "")


def whole(piece: pa.Table | Path) -> pa.Table:
    """Give a table that may lie in a file."""
    return piece if isinstance(piece, pa.Table) else pq.read_table(piece)


def n_rows(piece: pa.Table | Path) -> int:
    """Count the rows of a table that may lie in a file."""
    return int(whole(piece).num_rows)


def same_network() -> list[tuple[str, int, int]]:
    """See the clinic by capture, by logs and by a scan; give the devices of each, and those of the capture among them."""
    from tests.ingest.exports import test_same_network as nmap  # noqa: PLC0415
    from tests.ingest.sensors import zeek_logs  # noqa: PLC0415
    from tests.ingest.sensors.seen import devices, read  # noqa: PLC0415

    capture = ROOT / "examples" / "clinic" / "clinic.pcapng"
    with TemporaryDirectory() as folder:
        logs, scan = Path(folder) / "zeek", Path(folder) / "nmap.xml"
        zeek_logs.write(capture, logs)
        nmap.write(scan)
        ids = {
            name: devices(read(path))[0]
            for name, path in (("capture", capture), ("Zeek's logs", logs), ("nmap", scan))
        }
    return [(name, len(found), len(found & ids["capture"])) for name, found in ids.items()]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
