"""Every fingerprint does what its examples say, and nothing it must not."""

import re
import time
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pytest

from beholden.identify.match import match
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.knowledge.fingerprints import NAME_PROPERTIES, compile_fingerprints, read_fingerprints

ROOT = Path(__file__).parents[2] / "knowledge"
FINGERPRINTS = list(read_fingerprints(ROOT))
MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)


@pytest.fixture(scope="module")
def table():
    return compile_fingerprints(ROOT)


@pytest.fixture(scope="module")
def said(table):
    """Fields per (fingerprint, value) for every example and counterexample."""
    pairs = {
        (one.of, value)
        for one in FINGERPRINTS
        for value in (*(value for value, _ in one.examples), *one.counterexamples)
    }
    values = pa.table(
        {"property": [name for name, _ in sorted(pairs)], "value": [value for _, value in sorted(pairs)]}
    )
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in match(values, table).to_pylist():
        found[row["fingerprint_id"], row["value"]][row["field"]] = row["found"]
    return found


@pytest.mark.parametrize("one", FINGERPRINTS, ids=lambda one: one.fingerprint_id)
def test_examples_and_counterexamples(one, said):
    for value, expect in one.examples:
        assert said[one.fingerprint_id, value] == {k: v for k, v in expect.items() if v}
    for value in one.counterexamples:
        assert (one.fingerprint_id, value) not in said


def test_there_are_many():
    assert len(FINGERPRINTS) >= 350


def test_every_fingerprint_has_a_known_source():
    ledger = Ledger(load_sources(ROOT))
    table = compile_fingerprints(ROOT, ledger)
    assert table["fact_id"].null_count == 0


def test_kinds_are_in_the_taxonomy():
    kinds = {row["kind"] for row in read_csv(ROOT, "vocabulary/kinds.csv")}
    assert {one.sets["kind"] for one in FINGERPRINTS if "kind" in one.sets} <= kinds


def test_no_pattern_is_tied_to_one_device():
    assert not [one.fingerprint_id for one in FINGERPRINTS if MAC.search(one.pattern)]


def test_host_names_are_matched_by_whole_labels_only():
    loose = [
        one.fingerprint_id for one in FINGERPRINTS if one.of in NAME_PROPERTIES and one.match != "domain"
    ]
    assert not loose


def test_a_name_that_a_device_asks_for_is_weak_evidence():
    strong = [
        one.fingerprint_id
        for one in FINGERPRINTS
        if one.of in NAME_PROPERTIES and {"brand", "maker"} & set(one.sets) and one.confidence > 0.6
    ]
    assert not strong


def test_unverified_priors_are_capped():
    priors = [one for one in FINGERPRINTS if one.source == "beholden-fingerprint-priors"]
    assert all(one.confidence <= 0.7 for one in priors)


HOSTILE = ("a" * 4000, "-" * 4000, "0" * 4000, "A1" * 2000, " " * 4000, "." * 4000, "a-" * 2000, "a=" * 2000)


def test_no_pattern_runs_long(table):
    seeds = {value[:8] for one in FINGERPRINTS for value, _ in one.examples}
    texts = [*HOSTILE, *(seed * 400 for seed in sorted(seeds)[:60])]
    names = sorted({one.of for one in FINGERPRINTS})
    values = pa.table(
        {
            "property": [name for name in names for _ in texts],
            "value": [text for _ in names for text in texts],
        }
    )
    began = time.perf_counter()
    match(values, table)
    assert time.perf_counter() - began < 20


def write(tmp_path, text):
    folder = tmp_path / "fingerprints"
    folder.mkdir()
    (folder / "dhcp.hostname.yaml").write_text("property: dhcp.hostname\nfingerprints:\n" + text)
    return tmp_path


GOOD = (
    "  - {id: x, match: exact, pattern: NO, set: {os: NO}, confidence: 0.5, source: s, date: 2026-01-01,"
    " examples: [{value: no, expect: {os: NO}}]}\n"
)


def test_scalars_stay_text(tmp_path):
    (one,) = read_fingerprints(write(tmp_path, GOOD))
    assert one.pattern == "NO"
    assert one.examples == (("no", {"os": "NO"}),)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("match: exact", "match: contains"),
        ("confidence: 0.5", "confidence: 1.5"),
        ("confidence: 0.5", "confidence: high"),
        ("set: {os: NO}", "set: {colour: NO}"),
        ("date: 2026-01-01", "date: soon"),
        (" source: s,", ""),
        ("examples: [{value: no, expect: {os: NO}}]", "examples: []"),
        ("match: exact, pattern: NO", "match: regex, pattern: '('"),
    ],
)
def test_unsound_fingerprints_are_refused(tmp_path, old, new):
    root = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(KnowledgeError, match=r"dhcp\.hostname\.yaml"):
        list(read_fingerprints(root))


def test_the_same_id_twice_is_refused(tmp_path):
    root = write(tmp_path, GOOD + GOOD)
    with pytest.raises(KnowledgeError, match="twice"):
        list(read_fingerprints(root))
