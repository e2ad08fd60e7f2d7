"""`fleet cards` as a whole: a labelled month, exports that overlap, and files of actions."""

import csv
import json
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholden.assess.cards.findings import assess_cards
from beholden.engine import conform
from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.ingest.cards.read import read
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import load_profile
from beholden.model.cards import CARD_FINDINGS
from beholden.model.errors import BeholdenError
from beholden.pipeline.card_actions import COLUMNS, harmless, write_actions
from beholden.pipeline.cards import open_context, run_cards, worlds

sys.path.append(str(Path(__file__).parents[2] / "bench"))
card_month, cards = import_module("card_month"), import_module("cards")


def duck(folder):
    return DuckEngine(spill=folder)


CARD, OTHER = "8944500102198304826", "8949020000000000006"
LEAST = {  # precision, recall; of 40 planted cards each in 8,000, whatever is drawn
    "binding-broken": (0.95, 0.75),
    "imei-cloned": (0.95, 0.9),
    "imei-copied": (0.95, 0.9),
    "imei-reused": (1.0, 0.95),
    "imei-wrong": (1.0, 0.75),
    "class-unfit": (0.9, 0.8),
    "apn-outside": (0.85, 0.85),
    "place-outside": (0.9, 0.75),
    "usage-unlike": (0.85, 0.75),
    "silent": (0.9, 0.8),
    "sms-many": (0.95, 0.75),
    "permanent-roaming": (0.95, 0.9),
    "home-compelled": (1.0, 1.0),
}


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge.open()


@pytest.fixture(scope="module")
def eyes(knowledge):
    return load_profile(knowledge, "article")


@pytest.fixture(scope="module")
def month(tmp_path_factory, knowledge, eyes):
    """Make a month of 8,000 cards; give its folder and what was found."""
    folder = tmp_path_factory.mktemp("month")
    card_month.generate(folder, 8_000, 11, 0.005)
    told = []
    run = run_cards(
        [str(folder / "usage"), str(folder / "cards.parquet")], knowledge, eyes, told.append, duck
    )
    assert {problem.wrong.partition(" is ")[2].partition(",")[0] for problem in told} == {"no IMEI"}
    return folder, run


def test_rules_find_what_was_planted(month, tmp_path):
    folder, run = month
    run.write(tmp_path)
    for rule, of in cards.score(folder, tmp_path).items():
        precision, recall = LEAST[rule]
        assert of["planted"] >= 20, rule
        assert of["hits"] >= precision * (of["hits"] + of["false"]), (rule, of)
        assert of["hits"] >= recall * of["planted"], (rule, of)


def test_what_only_looks_like_an_event_is_left_alone(month):
    folder, run = month
    clean = pq.read_table(folder / "labels.parquet").to_pylist()
    clean = {row.pop("card") for row in clean if not any(row[rule] for rule in card_month.RULES)}
    found = {row["card"] for row in run.findings.select(["card"]).to_pylist()}
    assert len(clean) > 6_000
    assert len(found & clean) < 0.005 * len(clean)


def test_both_engines_find_the_same(month, knowledge, eyes, tmp_path):
    folder, run = month
    exports = read(
        [str(folder / "usage"), str(folder / "cards.parquet")], tmp_path, worlds(knowledge), lambda _: None
    )
    with PolarsEngine() as engine:
        findings = engine.collect(assess_cards(open_context(engine, exports, knowledge, eyes)).findings)
    found = {row["finding_id"]: row for row in conform(CARD_FINDINGS, findings).to_pylist()}
    strength = {row["finding_id"]: row.pop("strength") for row in found.values()}
    expected = {row["finding_id"]: row for row in run.findings.to_pylist()}
    assert {name: row.pop("strength") for name, row in expected.items()} == pytest.approx(strength, abs=1e-9)
    assert found == expected


def lines_of(first, last, amount=3_000_000):
    return "iccid,date,upload\n" + "".join(
        f"{CARD},2026-10-{d:02},{amount}\n" for d in range(first, last + 1)
    )


def run_on(folder, knowledge, eyes, **files):
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, "utf-8")
    return run_cards([str(folder)], knowledge, eyes, lambda _: None, duck)


def test_exports_that_overlap_count_once(tmp_path, knowledge, eyes):
    listed = f"iccid,kind\n{CARD},meter\n"
    run = run_on(tmp_path, knowledge, eyes, l_csv=listed, a_csv=lines_of(1, 20), b_csv=lines_of(11, 30))
    assert run.counts["rows"] == 41
    assert [(row["rule_id"], row["n_days"]) for row in run.rows()] == [("cards.class-unfit", 30)]
    (finding,) = run.rows()
    assert "3 MB a day" in finding["detail"]
    assert [(row["locator"], row["day"]) for row in finding["evidence"]][:2] == [
        (1, "2026-10-01"),
        (2, "2026-10-02"),
    ]


def test_the_same_in_one_file_or_in_many(tmp_path, knowledge, eyes):
    one, many = tmp_path / "one", tmp_path / "many"
    one.mkdir(), many.mkdir()
    listed = f"iccid,kind\n{CARD},meter\n"
    whole = run_on(one, knowledge, eyes, l_csv=listed, a_csv=lines_of(1, 30))
    parts = {f"{chr(97 + at)}_csv": lines_of(1 + 3 * at, 3 + 3 * at) for at in range(10)}
    apart = run_on(many, knowledge, eyes, l_csv=listed, **parts)
    assert whole.findings == apart.findings


def test_nothing_to_read_is_an_error(tmp_path, knowledge, eyes):
    with pytest.raises(BeholdenError, match="no use of cards"):
        run_on(tmp_path, knowledge, eyes, l_csv=f"iccid,kind\n{CARD},meter\n")


def test_a_full_disk_is_one_line(tmp_path, knowledge, eyes):
    class Full(DuckEngine):
        def keep(self, frame):  # noqa: ARG002 - as DuckDB does where it cannot spill
            raise OSError(28, "No space left on device")

    (tmp_path / "a.csv").write_text(lines_of(1, 3), "utf-8")
    with pytest.raises(BeholdenError, match=r"cards could not be assessed: .*No space left on device"):
        run_cards([str(tmp_path)], knowledge, eyes, lambda _: None, lambda folder: Full(spill=folder))


def test_actions_are_files_of_one_row_a_card(month, tmp_path):
    _, run = month
    counts = write_actions(run.findings, tmp_path, 0.5)
    strong = [row for row in run.findings.to_pylist() if row["strength"] >= 0.5]
    assert counts == {one: len({row["card"] for row in strong if row["action"] == one}) for one in counts}
    for action in ("block", "throttle", "rebind"):
        with (tmp_path / f"{action}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert tuple(rows[0]) == COLUMNS
        assert len({row["iccid"] for row in rows}) == len(rows) == counts[action]
        assert {row["action"] for row in rows} == {action}
        assert all(row["rule"].startswith("cards.") and row["until"] for row in rows)
    document = json.loads((tmp_path / "actions.json").read_text("utf-8"))
    assert Counter(row["action"] for row in document["actions"]) == Counter(counts)


@pytest.mark.parametrize(
    "name", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r\n=1", "\u2028=1", "a\nb"]
)
def test_no_cell_of_an_action_begins_a_formula(name):
    (cell,) = harmless(pa.chunked_array([[name]])).to_pylist()
    assert cell[0] not in "=+-@\t\r\n"
    assert cell.isprintable()


def test_a_hostile_name_stays_in_its_cell(tmp_path, knowledge, eyes):
    usage = f'iccid,date,apn,upload\n{CARD},2026-10-01,"=HYPERLINK(""x""),y",5\n'
    run = run_on(tmp_path, knowledge, eyes, l_csv=f"iccid,apn\n{CARD},good.example\n", u_csv=usage)
    write_actions(run.findings, tmp_path / "out", 0.5)
    (row,) = csv.DictReader((tmp_path / "out" / "block.csv").read_text("utf-8").splitlines())
    assert row["iccid"] == CARD
    assert row["reason"].endswith('=hyperlink("x"),y.')


def test_the_verb(tmp_path, beholden):
    (tmp_path / "cards.csv").write_text(f"iccid,kind,country\n{CARD},meter,DE\n{OTHER},meter,\n", "utf-8")
    days = "".join(f"{one},2026-10-{day:02},PL,1000\n" for one in (CARD, OTHER) for day in range(1, 11))
    (tmp_path / "usage.csv").write_text("iccid,date,country,upload\n" + days, "utf-8")
    inputs = (tmp_path / "cards.csv", tmp_path / "usage.csv")
    shown = beholden.good("fleet", "cards", *inputs, "--actions", tmp_path / "a", "--out", tmp_path / "o")
    assert max(map(len, shown.splitlines())) <= 80
    assert "2 cards, 22 rows, 2026-10-01 to 2026-10-10" in shown
    assert "Used outside its fence" in shown
    assert "block 1 cards" in shown
    assert pq.read_table(tmp_path / "o" / "card_findings.parquet").num_rows == 1
    assert pq.read_table(tmp_path / "o" / "card_evidence.parquet")["value"].to_pylist() == ["PL"]
    document = json.loads(beholden.good("fleet", "cards", *inputs, "--json"))
    (finding,) = document["findings"]
    assert (finding["card"], finding["rule_id"], finding["last_day"]) == (
        CARD,
        "cards.place-outside",
        "2026-10-10",
    )
    assert finding["evidence"][0]["locator_kind"] == "row"
    assert document["rules"][0]["cards"] == 1


def test_the_verb_says_what_is_wrong_in_one_line(tmp_path, beholden):
    (tmp_path / "x.csv").write_text("name,size\na,1\n", "utf-8")
    done = beholden.run("fleet", "cards", tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (
        "beholden: no use of cards in what was given: no row with a card and a day"
    )
    usage = tmp_path / "u.csv"
    usage.write_text(f"iccid,date,upload\n{CARD},2026-10-01,-5\n", "utf-8")
    assert beholden.run("fleet", "cards", usage, "--strict").returncode == 2
