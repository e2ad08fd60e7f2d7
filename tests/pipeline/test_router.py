"""A router's link address is not the device behind it."""

import pytest

ROUTER, PLC, INVERTER = "00:1e:42:33:10:40", "192.168.77.10", "192.168.77.20"


@pytest.fixture(scope="module", params=["router.pcap", "clinic.pcapng"])
def devices(request, beholden, clinic, tmp_path_factory):
    store = tmp_path_factory.mktemp("router")
    beholden.good("scan", clinic / request.param, "--store", store, "--no-report")
    return beholden.json("show", "devices", "--store", store)


def holders(devices, name, value):
    return [one for one in devices if value in one[name]]


def test_the_router_holds_its_own_address_only(devices):
    (router,) = holders(devices, "macs", ROUTER)
    assert router["ips"] == ["192.168.10.40"]
    assert router["is_router"]


def test_what_stands_behind_is_a_device_without_a_link_address(devices):
    (plc,) = holders(devices, "ips", PLC)
    assert plc["macs"] == []
    assert not plc["is_router"]
    assert plc["clouds"], "it asked for the time outside, and that is its own doing"


def test_its_neighbour_is_another(devices):
    behind = [holders(devices, "ips", one) for one in (PLC, INVERTER)]
    ids = [held[0]["device"] for held in behind if held]
    assert len(ids) == len(set(ids))


def test_only_what_forwards_is_a_router(devices):
    routers = {mac for one in devices if one["is_router"] for mac in one["macs"]}
    assert routers == {ROUTER, "00:a0:57:3a:10:01"}


def test_an_inventory_row_meets_what_stands_behind(beholden, clinic_store):
    (plc,) = beholden.json("show", "devices", "--where", f"ips={PLC}", "--store", clinic_store)
    assert plc["brand"]["name"] == "WAGO"
