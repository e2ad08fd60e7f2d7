"""What the dissectors read from real captures equals what tshark reads from them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beholden.ingest.dissect import written
from beholden.ingest.dissect.registry import PROTOCOLS
from beholden.ingest.dissect.seen import Answer
from beholden.ingest.observe import Observer

FIELDS = {
    "tls.sni": "tls.handshake.extensions_server_name",
    "dns.query": "dns.qry.name",
    "dhcp.hostname": "dhcp.option.hostname",
    "http.host": "http.host",
    "http.user_agent": "http.user_agent",
}
ANSWERS = ("dns.a", "dns.aaaa")
CHOSEN = ("ndpi/*", "iot-sentinel/*/*-1-*")

NOT_COMPARED = {
    "dns.pcap": "two of its packets stand behind PPPoE, which the slow reader does not open",
    "vxlan.pcap": "all of it is tunnelled, which the slow reader does not open",
    "fuzz-2006-06-26-2594.pcap": "names with control bytes, which we drop and tshark shows escaped",
    "malformed_dns.pcap": "tshark reads on after a name of more than 255 octets, we stop",
}


def _capture_names() -> list[str]:
    import os  # noqa: PLC0415

    default = Path(__file__).parents[3] / ".." / "shared" / "captures"
    folder = Path(os.environ.get("BEHOLDEN_CAPTURES", default))
    return sorted(str(path.relative_to(folder)) for pattern in CHOSEN for path in folder.glob(pattern))


def _tshark(path: Path) -> dict[str, set[str]]:
    wanted = [*FIELDS.values(), *ANSWERS, "dns.flags.response", "udp.port", "tcp.stream", "dns.count.auth_rr"]
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=\t", "-E", "aggregator=\x1f"]
    command += [part for field in wanted for part in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    found: dict[str, set[str]] = {name: set() for name in (*FIELDS, "answers", "told")}
    for line in done.stdout.splitlines():
        values = dict(zip(wanted, (cell.split("\x1f") for cell in line.split("\t")), strict=False))
        for name, field in FIELDS.items():
            if name == "dns.query" and (
                values["dns.flags.response"] != ["0"] or "53" not in values["udp.port"]
            ):
                continue
            if name.startswith("http.") and not values["tcp.stream"][0]:
                continue  # tshark calls SSDP over UDP HTTP too
            found[name].update(_alike(name, value) for value in values[field] if value)
        if values["dns.flags.response"] == ["1"] and "53" in values["udp.port"]:
            addresses = {value for field in ANSWERS for value in values[field] if value}
            found["told"] |= addresses
            if values["dns.count.auth_rr"] == ["0"]:  # else some are those of name servers
                found["answers"] |= addresses
    return found


def _alike(name: str, value: str) -> str:
    """Bring a value of tshark to the form that observations have."""
    if name == "http.host":
        return (
            value.lower().rpartition(":")[0] or value.lower()
            if value.rpartition(":")[2].isdigit()
            else value.lower()
        )
    return value.lower() if name in ("dns.query", "tls.sni") else value.strip()


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("name", _capture_names())
def test_equal_to_tshark(
    name: str, captures: Path, selected: Callable[..., Any], batch: Callable[..., Any]
) -> None:
    if reason := NOT_COMPARED.get(Path(name).name):
        pytest.skip(reason)
    rows = selected(captures / name)
    observer = Observer()
    observer.add(batch(rows))
    observed = observer.finish(len(rows) << 20)
    (told,) = (written.observations(part, observed.values) for part in observed.told)
    observations = told.select(["property", "value"]).to_pydict()
    ours: dict[str, set[str]] = {field: set() for field in (*FIELDS, "answers")}
    for field, value in zip(observations["property"], observations["value"], strict=True):
        if field in FIELDS:
            ours[field].add(value)
    for row in rows:
        said = PROTOCOLS[row["protocol"]].dissect(row["payload"])
        ours["answers"].update(answer.address for answer in said if isinstance(answer, Answer))
    theirs = _tshark(captures / name)
    assert theirs["answers"] <= ours["answers"] <= theirs.pop("told")
    theirs["answers"] = ours["answers"]
    assert ours == theirs
