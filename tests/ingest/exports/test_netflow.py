"""Flows that were exported: the same network gives the same conversations as its capture, in whatever form and order."""

import struct
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import CLINIC

from beholden.ingest.read import Options, ingest
from beholden.ingest.readers import netflow
from beholden.ingest.sensors import exported
from beholden.ingest.sensors.ipfix import Session
from beholden.ingest.tabular.problems import Problems

CASES = Path(__file__).parent / "cases"
IPFIX = (CASES / "netflow_ipfix" / "input.ipfix").read_bytes()
MESSAGES = (IPFIX, *((CASES / f"netflow_v{one}" / f"input.v{one}").read_bytes() for one in (5, 9)))
CSV = (CASES / "netflow_csv" / "input.csv").read_text()
SIDES = ("protocol", "client_ip", "client_port", "server_ip", "server_port")
SENT = ("client_packets", "server_packets", "client_bytes", "server_bytes", "n_syn", "is_established")


def message(*sets, exported_at=1_700_000_000, domain=7):
    body = b"".join(struct.pack(">HH", number, len(inside) + 4) + inside for number, inside in sets)
    return struct.pack(">HHIII", 10, len(body) + 16, exported_at, 0, domain) + body


def template(number, *fields):
    return struct.pack(">HH", number, len(fields)) + b"".join(struct.pack(">HH", *one) for one in fields)


def read(path, data=None, **options):
    if data is not None:
        path.write_bytes(data)
    problems = []
    found = netflow.read(path, "e" * 64, report=problems.append, options=Options(**options))
    return found, [str(one).partition(", ")[2] for one in problems]


def flows(found):
    return sorted(found.flows.to_pylist(), key=lambda one: tuple(str(one[name]) for name in SIDES))


def keyed(rows):
    return {tuple(row[name] for name in SIDES): row for row in rows}


FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4))
ONE = bytes([192, 168, 1, 2, 10, 0, 0, 9]) + struct.pack(">HHBII", 50_000, 443, 6, 3, 300)


@pytest.mark.parametrize(
    ("case", "most_turned"),
    [("netflow_ipfix", 1), ("netflow_ipfix_biflow", 3), ("netflow_v9", 1), ("netflow_v5", 1)],
)
def test_the_clinic_is_the_same_network_by_capture_and_by_export(case, most_turned):
    """softflowd read the capture; what was sent is the same, and who spoke first but for some UDP and ICMP."""
    told, _ = read(next((CASES / case).glob("input.*")))
    captured = ingest([str(CLINIC / "clinic.pcapng")], lambda _: None, Options())
    seen = keyed(row for table in captured.flows for row in table.to_pylist())
    given = keyed(flows(told))
    if case == "netflow_v5":  # which knows IPv4 alone
        seen = {key: row for key, row in seen.items() if ":" not in key[1] + key[3]}
    turned = {(key[0], *key[3:], *key[1:3]) for key in given.keys() - seen.keys()}
    assert len(turned) <= most_turned
    assert seen.keys() == (given.keys() & seen.keys()) | turned
    same = [
        (key, name)
        for key in given.keys() & seen.keys()
        for name in SENT
        if given[key][name] != seen[key][name]
    ]
    frames = {"client_bytes", "server_bytes"}  # of frames in a capture, of IP packets in an export
    carried = {"0.0.0.0", "::"}  # noqa: S104 - hosts without an address are told apart by a capture alone
    assert {key for key, name in same if name not in frames and key[1] not in carried} == set()


@settings(max_examples=30, deadline=None)
@given(whole=st.sampled_from(MESSAGES), ends=st.lists(st.integers(1, len(IPFIX) - 1), max_size=6))
def test_messages_may_come_in_pieces_of_any_size(whole, ends):
    def records(pieces):
        session = Session(Problems(pytest.fail, ""))
        found = [each for piece in pieces for each in session.read(piece)]
        session.finish()
        order = np.argsort(np.concatenate([each.locator for each in found]))
        columns = [
            np.concatenate([getattr(each, name) for each in found])[order]
            for name in ("locator", "packets", "first")
        ]
        ips = np.concatenate([each.source.text().to_pylist() for each in found])[order]
        return [*(column.tolist() for column in columns), ips.tolist()]

    cuts = [0, *sorted(end for end in ends if end < len(whole)), len(whole)]
    assert records([whole[a:b] for a, b in pairwise(cuts)]) == records([whole])


def test_few_conversations_held_lose_nothing(tmp_path, monkeypatch):
    other = message((2, template(300, (210, 2), *FIELDS)), (300, b"\0\0" + ONE))
    data = message((2, template(300, *FIELDS)), (300, ONE)) + other
    whole, _ = read(tmp_path / "a", data)
    monkeypatch.setattr(exported, "MOST_HELD", 0)
    parted, _ = read(tmp_path / "a", data)
    assert [row["client_packets"] for row in flows(whole)] == [6]
    assert [row["client_packets"] for row in flows(parted)] == [3, 3]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_order_of_lines_does_not_matter(tmp_path_factory, data):
    head, *lines = CSV.partition("Summary")[0].split("\n")[:-1]
    mixed = data.draw(st.permutations(lines))
    folder = tmp_path_factory.mktemp("order")
    one, other = (
        read(folder / name, "\n".join([head, *own, ""]).encode())[0]
        for name, own in (("a", lines), ("b", mixed))
    )
    plain = [
        [{name: row[name] for name in row if name != "locator"} for row in flows(each)]
        for each in (one, other)
    ]
    assert plain[0] == plain[1]


def test_a_damaged_line_changes_no_other(tmp_path):
    lines = CSV.partition("Summary")[0].split("\n")[:-1]
    good, _ = read(tmp_path / "good", "\n".join([*lines, ""]).encode())
    worse = [
        *lines,
        lines[1].replace("2026-", "then"),
        lines[1].replace(",TCP,", ",?,").replace(",UDP,", ",?,"),
        "a,b",
        "\xff,",
    ]
    bad, problems = read(tmp_path / "bad", "\n".join([*worse, ""]).encode("latin-1"))
    assert flows(bad) == flows(good)
    assert (bad.n_records, bad.n_rejected) == (good.n_records + 4, 4)
    assert problems == ["line 2 on: 4 records without two addresses, a protocol and a time; left out"]


def test_fields_of_variable_and_of_shortened_length_are_read(tmp_path):
    fields = ((8, 4), (96, 0xFFFF), (12, 4), (7, 2), (11, 2), (4, 1), (1, 3), (2, 1), (371, 0xFFFF))
    record = bytes([10, 0, 0, 1]) + b"\x03web" + bytes([10, 0, 0, 2]) + struct.pack(">HHB", 40_000, 80, 6)
    record += b"\x01\x00\x00" + b"\x05" + b"\xff\x01\x00" + bytes(256)
    data = message((2, template(300, *fields)), (300, record * 2 + b"\0\0\0"))
    found, problems = read(tmp_path / "a", data)
    (row,) = flows(found)
    assert not problems
    assert (row["client_ip"], row["server_port"], row["client_packets"], row["client_bytes"]) == (
        "10.0.0.1", 80, 10, 131_072,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "values", "options", "first"),
    [
        (
            ((152, 8), (153, 8)),
            struct.pack(">QQ", 1_700_000_000_250, 1_700_000_001_000),
            None,
            1_700_000_000.25,
        ),
        (((150, 4), (151, 4)), struct.pack(">II", 1_700_000_000, 1_700_000_001), None, 1_700_000_000),
        (
            ((154, 8), (155, 8)),
            struct.pack(">IIII", 3_908_988_800, 1 << 31, 3_908_988_801, 0),
            None,
            1_700_000_000.5,
        ),
        (((22, 4), (21, 4)), struct.pack(">II", 500, 900), 1_699_999_000_000, 1_699_999_000.5),
        (((22, 4), (21, 4)), struct.pack(">II", 500, 900), None, 1_700_000_000),
        (((158, 4), (159, 4)), struct.pack(">II", 750_000, 0), None, 1_699_999_999.25),
        ((), b"", None, 1_700_000_000),
    ],
)
def test_times(tmp_path, fields, values, options, first):
    sets = [(2, template(300, *FIELDS, *fields))]
    if options:
        sets += [
            (3, struct.pack(">HHHHHHH", 400, 2, 1, 143, 4, 160, 8)),
            (400, struct.pack(">IQ", 1, options)),
        ]
    found, problems = read(tmp_path / "a", message(*sets, (300, ONE + values)))
    assert not problems
    assert [row["first_seen_at"] for row in flows(found)] == [datetime.fromtimestamp(first, UTC)]


def test_templates_are_redefined_withdrawn_and_missed(tmp_path):
    data = b"".join(
        [
            message((300, ONE)),
            message((2, template(300, *FIELDS)), (300, ONE)),
            message((2, template(300, (210, 2), *FIELDS)), (300, b"\0\0" + ONE)),
            message((300, ONE), domain=8),
            message((2, struct.pack(">HH", 300, 0)), (300, ONE)),
            message((300, ONE))[:30],
        ]
    )
    found, problems = read(tmp_path / "a", data)
    assert [row["client_packets"] for row in flows(found)] == [6]
    assert problems == [
        "record 1: records before their template; left out",
        "record 3: records before their template; left out",
        "record 3: cut short; what came before it is kept",
    ]


def version_9(*sets, up=60_000, exported_at=1_700_000_000, source=7):
    body = b"".join(struct.pack(">HH", number, len(inside) + 4) + inside for number, inside in sets)
    return struct.pack(">HHIIII", 9, len(sets), up, exported_at, 0, source) + body


def test_templates_of_version_9_are_its_own(tmp_path):
    options = struct.pack(">HHH", 301, 4, 4) + struct.pack(">HHHH", 1, 4, 34, 2) + bytes(2)
    vendor = (0x8001, 4)  # not an enterprise's, as it were in IPFIX
    data = b"".join(
        [
            version_9((300, ONE)),
            version_9(
                (0, template(300, vendor, *FIELDS)), (1, options), (301, bytes(8)), (300, bytes(4) + ONE)
            ),
            message((2, template(300, *FIELDS)), (300, ONE)),
            version_9((300, bytes(4) + ONE + bytes(3))),
            version_9((300, bytes(4) + ONE), source=8),
        ]
    )
    found, problems = read(tmp_path / "a", data)
    assert [row["client_packets"] for row in flows(found)] == [9]
    assert problems == [
        "record 1: records before their template; left out",
        "record 4: records before their template; left out",
    ]


@pytest.mark.parametrize(("up", "first"), [(60_000, 50_000), (5_000, (1 << 32) - 5_000)])
def test_a_clock_of_version_9_comes_round(tmp_path, up, first):
    timed = version_9((0, template(300, (22, 4), *FIELDS)), (300, struct.pack(">I", first) + ONE), up=up)
    found, _ = read(tmp_path / "a", timed)
    assert flows(found)[0]["first_seen_at"] == datetime.fromtimestamp(1_700_000_000 - 10, UTC)


def test_a_packet_of_version_5(tmp_path):
    head = struct.pack(">HHIIIIBBH", 5, 1, 60_000, 1_700_000_000, 500_000_000, 0, 0, 0, 0)
    row = (
        bytes([192, 168, 1, 2, 10, 0, 0, 9])
        + bytes(8)
        + struct.pack(">IIIIHH", 3, 300, 50_000, 55_000, 50_000, 443)
    )
    data = head + row + struct.pack(">BBBBHHBBH", 0, 2, 6, 0, 0, 0, 0, 0, 0)
    found, problems = read(tmp_path / "a", data * 2 + data[:40])
    (flow,) = flows(found)
    assert (flow["client_ip"], flow["server_port"], flow["client_packets"], flow["n_syn"]) == (
        "192.168.1.2",
        443,
        6,
        1,
    )
    assert flow["first_seen_at"].timestamp() == 1_700_000_000.5 - 10
    assert problems == ["record 3: cut short; what came before it is kept"]


@pytest.mark.parametrize(
    "head",
    [
        struct.pack(">HHIII", 5, 31, 0, 1_700_000_000, 0) + bytes(99),
        struct.pack(">HHIII", 5, 1, 0, 5, 0) + bytes(99),
        struct.pack(">HHIIIIHH", 9, 1, 0, 1_700_000_000, 0, 0, 9, 20) + bytes(99),
        struct.pack(">HHIIIIHH", 9, 1, 0, 1_700_000_000, 0, 0, 0, 20)[:23],
    ],
)
def test_what_only_begins_like_a_packet_is_none(head, tmp_path):
    assert not netflow.recognise(head, tmp_path)


def test_what_is_no_message_ends_the_reading(tmp_path):
    found, problems = read(
        tmp_path / "a", message((2, template(300, *FIELDS)), (300, ONE)) + b"\x00\x08" + bytes(40)
    )
    assert found.n_records == 1
    assert problems == ["record 2: no message of flows; the rest is left out"]


@pytest.mark.parametrize("first", [0, 1 << 62, (1 << 64) - 1])
def test_times_beyond_all_years_are_left_out(tmp_path, first):
    fields = (*FIELDS, (152, 8), (153, 8))
    found, _ = read(
        tmp_path / "a", message((2, template(300, *fields)), (300, ONE + struct.pack(">QQ", first, 1 << 63)))
    )
    assert found.n_rejected == (first != 0)


def test_a_port_that_is_none_does_not_change_the_protocol(tmp_path):
    head = "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows"
    line = "1700000000,0,UDP,10.0.0.1,99999999,10.0.0.2,-7,1,1,1"
    found, _ = read(tmp_path / "a", f"{head}\n{line}\n".encode())
    (row,) = flows(found)
    assert (row["protocol"], row["client_port"], row["server_port"]) == ("udp", None, None)
