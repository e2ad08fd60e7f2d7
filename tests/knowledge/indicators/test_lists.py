"""Lists of others: what they name, until when, and what is told of what cannot be read."""

import json
import os
import random
import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.identify import tiny
from tests.knowledge.indicators import making
from tests.knowledge.indicators.making import GOLDEN

from beholden.knowledge.base import Knowledge
from beholden.knowledge.indicators.lists import facts, read_lists, with_indicators
from beholden.model.errors import BeholdenError

HASH = "ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c"


def read(*paths):
    """Give the rows of lists, and what was told."""
    told = []
    found = read_lists(
        [Path(one) for one in paths], tiny.knowledge(), lambda problem: told.append(str(problem))
    )
    return found.indicators.to_pylist(), told


def named(rows):
    return {(row["kind"], row["value"], row["port"]) for row in rows}


def knowledge():
    """Give a small knowledge of which lists can be laid beside."""
    made = Knowledge(tiny.ROOT / "vocabulary")
    made._tables, made.manifest = dict(tiny.knowledge()._tables), {"knowledge_id": "tiny"}
    return made


def put(folder, text, name="list.txt"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_bundle_of_stix2_is_read():
    rows, told = read(GOLDEN / "bundle.json")
    assert named(rows) == {
        ("address", "45.1.2.3", None),
        ("address", "2a01:db00::1", None),
        ("name", "one.evil.example", None),
        ("name", "two.evil.example", None),
        ("address", "45.1.2.4", 8443),
        ("name", "three.evil.example", None),
        ("file", HASH, None),
        ("network", "45.2.0.0/16", None),
        ("name", "marked.example", None),
    }
    assert [line.partition("pattern: ")[2] for line in told if "pattern: " in line] == [
        "needs several things to be seen together; left out",
        "LIKE is no equality; left out",
    ]
    assert any("process:name: nothing that beholden sees bears it" in line for line in told)
    assert any("revoked, or speak of nothing that a device does: 2" in line for line in told)


def test_an_indicator_says_who_when_and_how_it_may_be_passed_on():
    rows, _ = read(GOLDEN / "bundle.json")
    (marked,) = (row for row in rows if row["value"] == "marked.example")
    assert (marked["signal"], marked["confidence"], marked["marking"]) == (
        "indicator.relay",
        0.8,
        "TLP:AMBER",
    )
    assert (marked["publisher"], marked["says"]) == ("Response Team", "A marked one")
    assert (marked["valid_from"], marked["valid_until"]) == (
        datetime(2026, 1, 10, tzinfo=UTC),
        datetime(2026, 6, 1, tzinfo=UTC),
    )
    text = (GOLDEN / "bundle.json").read_text("utf-8").splitlines()
    assert marked["object_id"] in text[marked["line"] - 1]
    (tied,) = (row for row in rows if row["value"] == "45.1.2.3")
    assert tied["attack"] == "T1071.001"
    (spanned,) = (row for row in rows if row["kind"] == "network")
    assert spanned["valid_until"] == datetime(2026, 2, 2, tzinfo=UTC)


def test_an_event_of_pymisp_is_read():
    rows, told = read(GOLDEN / "event.json")
    assert named(rows) == {
        ("address", "45.3.0.1", 8080),
        ("name", "five.evil.example", None),
        ("address", "45.3.0.2", None),
        ("name", "six.evil.example", None),
        ("file", HASH, None),
        ("name", "seven.evil.example", None),
        ("name", "eight.evil.example", None),
    }
    by = {row["value"]: row for row in rows}
    assert by["45.3.0.1"]["valid_from"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert by["45.3.0.1"]["seen_at"] == datetime(2026, 1, 20, tzinfo=UTC)
    assert by["six.evil.example"]["attack"] == "T1071.001"
    assert (by["seven.evil.example"]["confidence"], by["seven.evil.example"]["marking"]) == (
        0.25,
        "TLP:RED, TLP:GREEN",
    )
    text = (GOLDEN / "event.json").read_text("utf-8")
    assert text[by["six.evil.example"]["character"] - 1 :].startswith(
        f'"uuid": "{by["six.evil.example"]["object_id"]}"'
    )
    assert any("yara: nothing that beholden sees bears it" in line for line in told)


@pytest.mark.parametrize(("library", "name"), [("stix2", "bundle"), ("pymisp", "event")])
def test_the_golden_lists_are_what_the_libraries_write(library, name):
    pytest.importorskip(library, reason=f"{library} made the golden list; it is not installed here")
    assert getattr(making, name)() + "\n" == (GOLDEN / f"{name}.json").read_text("utf-8")


def test_zeek_intelligence_is_read(tmp_path):
    path = put(
        tmp_path,
        "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n"
        "45.4.0.1\tIntel::ADDR\tfeed\tbotnet\thttps://feed.example/1\n"
        "45.4.0.0/24\tIntel::SUBNET\tfeed\t-\t-\n"
        "evil.example/gate.php\tIntel::URL\tfeed\t-\t-\n"
        "a@evil.example\tIntel::EMAIL\tfeed\t-\t-\n",
        "intel.dat",
    )
    rows, told = read(path)
    assert named(rows) == {
        ("address", "45.4.0.1", None),
        ("network", "45.4.0.0/24", None),
        ("name", "evil.example", None),
    }
    assert (rows[0]["url"], rows[0]["publisher"], rows[0]["line"]) == ("https://feed.example/1", "feed", 2)
    assert rows[2]["path"] == "/gate.php"
    assert told == [f"{path}, line 5: Intel::EMAIL: nothing that beholden sees bears it; left out"]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("45.1.2.3", ("address", "45.1.2.3", None)),
        ("45.1.2[.]3  # remark", ("address", "45.1.2.3", None)),
        ("45[.]1[.]2[.]3:8443", ("address", "45.1.2.3", 8443)),
        ("[2a01:db00::1]:80", ("address", "2a01:db00::1", 80)),
        ("2A01:DB00:0::1", ("address", "2a01:db00::1", None)),
        ("::ffff:45.1.2.3", ("address", "45.1.2.3", None)),
        ("45.1.2.3/32", ("address", "45.1.2.3", None)),
        ("45.1.2.3/24", ("network", "45.1.2.0/24", None)),
        ("EVIL.example.", ("name", "evil.example", None)),
        ("*.evil.example", ("name", "evil.example", None)),
        ("0.0.0.0 evil.example", ("name", "evil.example", None)),
        ("evil.example:4444", ("name", "evil.example", 4444)),
        ("hxxps[://]evil[.]example/x?y#z", ("name", "evil.example", None)),
        ("hXXp://45.1.2.3:8080/x", ("address", "45.1.2.3", 8080)),
        ("bücher.example", ("name", "xn--bcher-kva.example", None)),
        (HASH.upper(), ("file", HASH, None)),
        ("t13d1516h2_8daaf6152771_b186095e22b6", ("ja4", "t13d1516h2_8daaf6152771_b186095e22b6", None)),
        ('"evil.example",', ("name", "evil.example", None)),
    ],
)
def test_a_line_of_a_plain_list(tmp_path, line, wanted):
    rows, told = read(put(tmp_path, f"; remark\n\n{line}\r\n"))
    assert (named(rows), told) == ({wanted}, [])
    assert rows[0]["line"] == 3


@pytest.mark.parametrize(
    "line",
    ["10.1.2.3", "127.0.0.1", "224.0.0.5", "0.0.0.0/0", "45.0.0.0/7", "::/0", "com", "localhost", "a b c", "fe80::1",
     "http://", "evil..example", "255.255.255.255", "x" * 300 + ".example", "<script>", "300.1.1.1"],
)  # fmt: skip
def test_a_line_that_names_nobody_is_told_and_left_out(tmp_path, line):
    rows, told = read(put(tmp_path, f"45.1.1.1\n{line}\n"))
    assert [row["value"] for row in rows] == ["45.1.1.1"]
    assert len(told) == 1
    assert "list.txt, line 2: " in told[0]
    assert "\n" not in told[0]


def test_a_plain_list_says_what_it_is(tmp_path):
    head = "# Title: Trackers\n# publisher: Somebody\n# licence: CC0-1.0\n# category: tracking\n# confidence: 40\n"
    rows, _ = read(put(tmp_path, f"{head}# Last updated: 2026-01-10 12:00:00 UTC\nads.example\n"))
    assert (rows[0]["signal"], rows[0]["confidence"]) == ("indicator.tracking", 0.4)
    assert rows[0]["seen_at"] == datetime(2026, 1, 10, 12, tzinfo=UTC)


def test_a_list_without_dates_says_so(tmp_path):
    rows, _ = read(put(tmp_path, "45.1.1.1\n" + HASH))
    assert {(row["kind"], row["is_dated"], row["valid_until"]) for row in rows} == {
        ("address", False, None),
        ("file", True, None),
    }


def test_a_folder_is_read_and_the_same_list_once(tmp_path):
    put(tmp_path, "45.1.1.1\n", "a.txt")
    put(tmp_path, "45.1.1.1\n", "b.txt")
    put(tmp_path, "Read me\n", "README.md")
    rows, told = read(tmp_path)
    assert (len(rows), told) == (1, [])
    with pytest.raises(BeholdenError, match="no such file or folder of indicators"):
        read(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[" * 200_000, "JSON so deep is not read"),
        ('{"objects":' * 900 + "1" + "}" * 900, "neither STIX objects nor MISP events"),
        ('{"type": "bundle", "objects": [', "damaged JSON"),
        ('{"a": 1}', "neither STIX objects nor MISP events"),
        (b"\x7fELF\0\0\0", "no text"),
    ],
)
def test_what_is_no_list_is_told_in_one_line(tmp_path, text, wrong):
    rows, told = read(put(tmp_path, text))
    assert rows == []
    assert len(told) == 1
    assert wrong in told[0]


def test_of_many_bad_lines_some_are_told(tmp_path):
    _, told = read(put(tmp_path, "\n".join(f"no list {n}" for n in range(5000))))
    assert len(told) == 21
    assert "4,980 more like these" in told[-1]


def test_a_line_of_a_gigabyte_takes_little_memory(tmp_path):
    path = tmp_path / "long.txt"
    with path.open("wb") as file:
        file.write(b"45.1.1.1\n")
        file.truncate(1 << 30)
        file.seek(1 << 30)
        file.write(b"\n45.1.1.2\n")
    with path.open("r+b") as file:  # the hole is zeros, which are no text: the head must look like it
        file.seek(9)
        file.write(b"a" * (1 << 17))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows, told = read(path)
    assert [row["value"] for row in rows] == ["45.1.1.1", "45.1.1.2"]
    assert (len(told), "line 2" in told[0]) == (1, True)
    assert [row["line"] for row in rows] == [1, 3]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 50_000,
        "[" + "(" * 900 + "a:b = 'c'" + ")" * 900 + "]",
        "[a:b = '" + "\\" * 60_000,
        "[a:b='1'" + " OR a:b='1'" * 5000 + "]",
        "x" * 70_000,
    ],
    ids=["parentheses", "deep", "escapes", "alternatives", "long"],
)
def test_a_hostile_pattern_is_refused(tmp_path, pattern):
    one = {"type": "indicator", "id": "indicator--00000000-0000-4000-8000-000000000000", "pattern": pattern}
    rows, told = read(put(tmp_path, json.dumps({"objects": [one | {"spec_version": "2.1"}]})))
    assert rows == []
    assert len(told) == 1


def test_what_holds_for_ever_does_not_run_over(tmp_path):
    said = {
        "first_seen": "0001-01-01T00:00:00Z",
        "last_seen": "9999-12-31T23:59:59Z",
        "timestamp": "99999999999999",
    }
    values = [{"to_ids": True, "type": "domain", "value": f"{n}.example", n: one} for n, one in said.items()]
    path = put(tmp_path, json.dumps({"Event": {"Attribute": [*values, values[0] | said]}}))
    rows, _ = read(path)
    assert len(rows) == 4
    assert {row["valid_until"].year for row in rows if row["value"] == "last_seen.example"} == {9002}
    known = with_indicators(knowledge(), [path], print)
    assert len(facts(known, [f"{row['list_id']}.{row['row']}" for row in rows])) == 4


def test_values_of_other_types_do_no_harm(tmp_path):
    odd = [None, True, 7, [], {}, "x", [None], [{"phase_name": 3}]]
    names = ("id", "pattern", "labels", "confidence", "valid_from", "object_marking_refs", "external_references",
             "kill_chain_phases", "created_by_ref", "revoked")  # fmt: skip
    objects = [{"type": "indicator", "spec_version": "2.1", name: one} for name in names for one in odd]
    rows, _ = read(put(tmp_path, json.dumps(objects), "a.json"))
    assert rows == []
    attributes = [{"to_ids": True, "type": "domain", "value": "x.example", name: one}
                  for name in ("uuid", "timestamp", "first_seen", "Tag", "comment") for one in odd]  # fmt: skip
    event = {"Event": {"Attribute": attributes, "Orgc": 3, "Object": 4, "Tag": {}}}
    rows, _ = read(put(tmp_path, json.dumps(event), "b.json"))
    assert len(rows) == len(attributes)


@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(tmp_path_factory, data):
    read(put(tmp_path_factory.mktemp("any"), data))


LINES = ["45.1.1.1", "45.2.0.0/16", "evil.example", "hxxp://a.evil.example/x", HASH, "10.0.0.1", "no list"]


@given(order=st.permutations(LINES))
def test_the_order_of_lines_does_not_matter(tmp_path_factory, order):
    folder = tmp_path_factory.mktemp("order")
    assert named(read(put(folder, "\n".join(order), "a.txt"))[0]) == named(
        read(put(folder, "\n".join(LINES), "b.txt"))[0]
    )


def test_a_fact_leads_to_the_line_of_the_list(tmp_path):
    path = put(tmp_path, "# tlp: green\n# date: 2026-01-10\nevil.example\n45.1.1.1\n")
    known = with_indicators(knowledge(), [path], print)
    rows = known.rows("indicators")
    (at,) = (row for row in rows if row["value"] == "evil.example")
    (fact,) = facts(known, [f"{at['list_id']}.{at['row']}", "another", "no.1"])
    assert (
        fact["text"]
        == f"evil.example is listed: list.txt; {path} line 3; holds from 2024-01-11 to 2028-01-10"
    )
    assert (fact["licence"], fact["date"]) == ("TLP:GREEN", "2026-01-10")


def test_lists_are_part_of_the_id_of_knowledge(tmp_path):
    known = knowledge()
    one, other = (
        with_indicators(known, [put(tmp_path, text, text)], print) for text in ("45.1.1.1", "45.1.1.2")
    )
    again = with_indicators(known, [put(tmp_path, "45.1.1.1", "named-otherwise")], print)
    assert len({known.knowledge_id, one.knowledge_id, other.knowledge_id}) == 3
    assert again.knowledge_id == one.knowledge_id
    assert with_indicators(known, [], print) is known


def test_a_million_lines_are_read_as_columns(tmp_path):
    dice = random.Random(5)
    lines = [
        f"{dice.randrange(11, 100)}.{dice.randrange(256)}.{dice.randrange(256)}.{n % 250}"
        for n in range(100_000)
    ]
    lines += [f"h{n}.evil{n % 997}.example" for n in range(100_000)]
    begun = os.times().user
    rows = read_lists([put(tmp_path, "\n".join(lines))], tiny.knowledge(), print).indicators
    assert rows.num_rows == 200_000 - sum(line.startswith("169.254") for line in lines)
    assert os.times().user - begun < 5
