"""Every number of a chart is that of a table, and every number of a table is that of the scan."""

from collections import Counter, defaultdict
from typing import Any

import pytest
from dom import Element, parse

from beholden.report import page, words

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def tree(clinic_data: dict[str, Any]) -> Element:
    return parse(page.render(clinic_data))


def _bars(tree: Element, chart: str) -> list[tuple[str, float, float, list[str]]]:
    """Give label, part, share of the bar and cells per row."""
    rows = []
    for row in tree.one("table", **{"data-chart": chart}).rows():
        fill = row.one("rect", "fill")
        part, base = float(fill["data-part"]), float(fill["data-base"])
        assert float(fill["width"]) == pytest.approx(100 * part / base, abs=0.01)
        rows.append((row.cells[0].text, part, part / base, [cell.text for cell in row.cells]))
    return rows


def test_owners(tree: Element, clinic_rows: Rows) -> None:
    counts = Counter(
        (one["owner"] or {}).get("jurisdiction") or "not known" for one in clinic_rows["devices"]
    )
    rows = _bars(tree, "owners")
    assert sum(part for _, part, *_ in rows) == len(clinic_rows["devices"])
    for label, part, ratio, cells in rows:
        code = label if label == "not known" else label.split()[0]
        assert counts[code] == part == int(cells[2])
        assert cells[3] == words.share(ratio)


def test_kinds(tree: Element, clinic_data: dict[str, Any], clinic_rows: Rows) -> None:
    counts = Counter(clinic_data["kinds"].get(one["kind"], "not known") for one in clinic_rows["devices"])
    for label, part, ratio, cells in _bars(tree, "kinds"):
        assert counts[label] == part == int(cells[2])
        assert cells[3] == words.share(ratio)


@pytest.mark.parametrize("column", ["jurisdiction", "address_owner", "address_country"])
def test_three_facts(tree: Element, clinic_rows: Rows, column: str) -> None:
    sums: Counter[str] = Counter()
    for row in clinic_rows["exposures"]:
        sums[row[column] or "not known"] += row["bytes_up"]
    rows = _bars(tree, column)
    assert sorted((part for _, part, *_ in rows), reverse=True) == sorted(sums.values(), reverse=True)[:10]
    for _, part, ratio, cells in rows:
        assert cells[2].startswith(words.size(int(part)))
        assert cells[2].endswith(words.share(ratio))


def test_destinations(tree: Element, clinic_rows: Rows) -> None:
    rows = tree.one("table", **{"data-chart": "destinations"}).rows()
    for column, name in ((4, "bytes_up"), (5, "bytes_down")):
        shown = sum(int(row.cells[column]["data-sort"]) for row in rows)
        assert shown == sum(row[name] for row in clinic_rows["exposures"])
        assert all(row.cells[column].text == words.size(int(row.cells[column]["data-sort"])) for row in rows)


def test_streams(tree: Element, clinic_rows: Rows) -> None:
    chart = tree.one("svg", "streams")
    total = sum(row["bytes_up"] for row in clinic_rows["exposures"])
    for column in "012":
        nodes = chart.all("g", "node", **{"data-column": column})
        assert sum(int(one["data-value"]) for one in nodes) == total
    seats: Counter[str] = Counter()
    for row in clinic_rows["exposures"]:
        seats[row["jurisdiction"] or "seat"] += row["bytes_up"]
    for one in chart.all("g", "node", **{"data-column": "2"}):
        label = one.all("title")[0].text
        assert seats[label.split()[0].rstrip(":")] == int(one["data-value"])
        assert label.endswith(words.size(int(one["data-value"])))


def test_risks_are_those_of_the_rollups(tree: Element, clinic_data: dict[str, Any]) -> None:
    rolled = {row["category"]: row for row in clinic_data["rollups"]}
    bins: dict[str, Counter[int]] = defaultdict(Counter)
    for row in clinic_data["bins"]:
        bins[row["category"]][row["bin"] // 5] += row["n_devices"]
    rows = tree.one("table", "risks").rows()
    assert [row["data-risk"] for row in rows] == list(words.RISKS)
    for row in rows:
        category = row["data-risk"]
        roll = rolled[category]
        n = roll["n_devices"]
        band, point = row.one("rect", "band"), row.one("rect", "point")
        assert band["data-lower"] == words.number(roll["sum_lower"] / n)
        assert band["data-upper"] == words.number(roll["sum_upper"] / n)
        assert point["data-point"] == words.number(roll["sum_likelihood"] / n)
        assert f"{point['data-point']} [{band['data-lower']}, {band['data-upper']}]" in row.cells[1].text
        assert row.cells[2].all("strong")[0].text == words.number(roll["sum_risk"])
        bars = {
            round(20 * float(one["data-start"])): int(one["data-n"])
            for one in row.all("rect")
            if one["data-n"]
        }
        assert bars == dict(bins[category])
        assert sum(bars.values()) == n
        assert ("context" in row.cells[0].text) == (category in ("silk_road", "normative"))


def test_worst_are_the_highest(tree: Element, clinic_rows: Rows) -> None:
    rows = tree.one("table", "worst").rows()
    highest = clinic_rows["devices"][:20]
    assert [row["data-device"] for row in rows] == [one["device"] for one in highest]
    for row, one in zip(rows, highest, strict=True):
        text = " ".join(row.cells[2].all("strong")[0].parent.text.split())  # type: ignore[union-attr]
        bounds = f"[{words.number(one['lower'], 0)}, {words.number(one['upper'], 0)}]"
        assert f"{words.number(one['index'], 0)} {bounds}" in text


def test_listed_companies_count_devices(
    tree: Element, clinic_data: dict[str, Any], clinic_rows: Rows
) -> None:
    devices: dict[str, set[str]] = defaultdict(set)
    for row in clinic_rows["device_listings"]:
        devices[clinic_data["companies"][row["company_id"]]].add(row["device_id"])
    bodies = tree.one("table", "listed").all("tbody")
    shown = {body.all("bdi")[0].text: int(body.one("span", "count").text) for body in bodies}
    assert shown == {name: len(held) for name, held in devices.items()}
    n_entries = len(
        {(row["company_id"], row["list"], row["entity"]) for row in clinic_rows["device_listings"]}
    )
    assert sum(len(body.all("tr")) for body in bodies) == n_entries


def test_what_to_look_at_next_counts_devices(
    tree: Element, clinic_data: dict[str, Any], clinic_rows: Rows
) -> None:
    counts = Counter(
        (row["category"], row["next_best_evidence"])
        for row in clinic_rows["scores"]
        if row["next_best_evidence"]
    )
    units = page.view(clinic_data)["next"]
    assert {(one["category"], one["proposition"]): one["n_devices"] for one in units} == dict(counts)
    rows = tree.one(id="next").all("table")[0].rows()
    assert [int(row.cells[3]["data-sort"]) for row in rows] == [one["n_devices"] for one in units[:15]]


def test_known_counts(tree: Element, clinic_rows: Rows) -> None:
    tiles = {
        div.all("dt")[0].text: div.all("dd")[0].text.split()[0] for div in tree.one("dl", "tiles").all("div")
    }
    devices = clinic_rows["devices"]
    assert int(tiles["devices"]) == len(devices)
    assert int(tiles["brand known"]) == sum(one["brand"] is not None for one in devices)
    assert int(tiles["with a company on a list"]) == sum(bool(one["listings"]) for one in devices)
