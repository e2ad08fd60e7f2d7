"""Fifteen labelled devices being set up: brands, kinds, modules and chips against their labels."""

import csv

import pytest

FOLDER = "iot-sentinel"


@pytest.fixture(scope="module")
def found(beholden, captures, tmp_path_factory):
    """Give each label with the device found, from the captures alone: the labels are no evidence."""
    folder = captures / FOLDER
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    store = tmp_path_factory.mktemp("iot")
    paths = sorted(path for path in folder.iterdir() if path.is_dir())
    beholden.good("scan", *paths, "--store", store, "--no-report", timeout=600)
    devices = beholden.json("show", "devices", "--store", store)
    with (folder / "labels.csv").open(newline="") as lines:
        labels = list(csv.DictReader(lines))
    by_mac = {mac: one for one in devices for mac in one["macs"]}
    return {label["folder"]: (label, by_mac.get(label["mac"])) for label in labels}


def verdicts(found, says):
    counts = {"right": [], "wrong": [], "unknown": []}
    for name, (label, device) in found.items():
        counts[says(label, device)].append(name)
    return counts


def brand(label, device):
    if device is None or device["brand"] is None:
        return "unknown"
    said = device["brand"]["name"].casefold()
    return "right" if label["brand"].casefold() in said else "wrong"


def kind(label, device):
    if device is None or device["kind"] is None:
        return "unknown"
    return "right" if device["kind"] == label["kind"] else "wrong"


def test_every_labelled_device_is_found_as_one(found):
    assert len(found) == 15
    assert all(device for _, device in found.values())
    ids = [device["device"] for _, device in found.values()]
    assert len(set(ids)) == 15


def test_brands(found):
    counts = verdicts(found, brand)
    assert len(counts["right"]) >= 14, counts
    assert not counts["wrong"], counts


def test_kinds(found):
    counts = verdicts(found, kind)
    assert len(counts["right"]) >= 11, counts
    assert len(counts["wrong"]) <= 1, counts


def test_the_chip_makers_seat_is_not_where_the_prefix_is_registered(found):
    _, coffee = found["SmarterCoffee"]
    assert (coffee["chip"]["name"], coffee["chip"]["jurisdiction"]) == ("Espressif", "CN")


def test_a_module_of_another_country_inside_a_brand(found):
    _, gateway = found["EdnetGateway"]
    assert (gateway["module"]["name"], gateway["module"]["jurisdiction"]) == ("Hi-Flying", "CN")
    assert gateway["brand"]["jurisdiction"] == "DE"


def test_no_address_is_held_by_two_devices_at_one_place(found):
    for _, device in found.values():
        assert len(device["macs"]) == 1
