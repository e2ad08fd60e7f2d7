"""Little or nothing known: the page stays whole and says so."""

from collections.abc import Callable
from typing import Any

from dom import parse

from beholden.report import page

Emptied = Callable[..., dict[str, Any]]


def test_no_devices(emptied: Emptied) -> None:
    names = (
        "n_devices",
        "known",
        "owners",
        "kind_counts",
        "devices",
        "unknown",
        "flows",
        "listings",
        "rollups",
        "bins",
        "wanted",
        "proofs",
        "facts",
        "regimes",
        "companies",
    )
    tree = parse(page.render(emptied(*names)))
    assert "these 0 devices are" in tree.one("h1").text
    assert tree.one(id="answers").all("p", "empty")
    assert not tree.all("article")
    assert "nothing is known" in tree.one(id="sources").text


def test_no_flows(emptied: Emptied) -> None:
    tree = parse(page.render(emptied("flows")))
    assert not tree.all("svg", "streams")
    assert "shows only its own time and place" in tree.one(id="flows").parent.text  # type: ignore[union-attr]
    assert not tree.all(id="places")


def test_only_silent_flows(clinic_data: dict[str, Any]) -> None:
    flows = clinic_data["flows"]
    for row in [
        *flows["destinations"],
        *flows["streams"],
        *(row for one in flows["places"] for row in one["rows"]),
    ]:
        row["bytes_up"] = 0
    tree = parse(page.render(clinic_data))
    assert not tree.all("svg", "streams")
    assert tree.one("table", **{"data-chart": "destinations"}).rows()


def test_nothing_identified(clinic_data: dict[str, Any]) -> None:
    for one in clinic_data["devices"]:
        one.update(dict.fromkeys(("brand", "maker", "owner", "module", "chip", "kind", "model")))
    clinic_data["owners"] = clinic_data["kind_counts"] = []
    for proof in clinic_data["proofs"].values():
        proof.update(
            {name: [] for name in ("identifications", "attributions", "components", "device_listings")}
        )
    tree = parse(page.render(clinic_data))
    assert "the ultimate owner of none is known" in tree.one("ul", "brief").text
    assert all("No fingerprint tells" in one.text for one in tree.all("article"))


def test_one_device(clinic_data: dict[str, Any]) -> None:
    one = clinic_data["devices"][0]
    clinic_data["devices"], clinic_data["n_devices"] = [one], 1
    clinic_data["proofs"] = {one["device"]: clinic_data["proofs"][one["device"]]}
    tree = parse(page.render(clinic_data))
    assert "this device is" in tree.one("h1").text
    assert len(tree.all("article")) == 1


def test_inventory_alone(stocktaking_data: dict[str, Any]) -> None:
    tree = parse(page.render(stocktaking_data))
    assert len(tree.all("article")) == len(stocktaking_data["devices"]) > 5
    assert "inventory.csv row" in tree.one("main").text


def test_a_profile_of_the_users_own(clinic_data: dict[str, Any]) -> None:
    clinic_data["profile"] = None
    clinic_data["run"]["profile"] = "harbour"
    assert "the user's own" in parse(page.render(clinic_data)).one(id="head").text


def test_many_devices_stay_small(clinic_data: dict[str, Any]) -> None:
    """Five hundred of many devices: sections for those with a proof, a row for the others, under 5 MB."""
    first, proofs = clinic_data["devices"], clinic_data["proofs"]
    clinic_data["devices"], clinic_data["proofs"] = [], {}
    for copy in range(25):
        for one in first:
            name = f"{copy:02d}{one['device'][2:]}"
            clinic_data["devices"].append(one | {"device": name})
            if len(clinic_data["proofs"]) < 200:
                is_summed = len(clinic_data["proofs"]) < 50
                sums = proofs[one["device"]]["sums"] if is_summed else None
                clinic_data["proofs"][name] = proofs[one["device"]] | {"sums": sums}
    clinic_data["n_devices"] = 16_521
    written = page.render(clinic_data)
    tree = parse(written)
    assert len(written.encode()) < 5_000_000
    assert (
        "The 500 of 16521 devices with the highest index: 200 in full, 300 in a table."
        in tree.one(id="devices").text
    )
    assert len(tree.all("article")) == 200
    assert len(tree.one("table", "rest").rows()) == 300
