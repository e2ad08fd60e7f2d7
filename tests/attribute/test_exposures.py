"""Nothing is lost between flows and exposures, and names, owners and countries stay three facts."""

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attribute.flows import NOBODY, flow, flow_table
from tests.identify import tiny

from beholden.attribute.exposures import exposures
from beholden.engine.duck import DuckEngine
from beholden.model.addresses import LOCAL_IP

ADDRESSES = (
    "60.0.0.1",
    "50.0.0.1",
    "192.168.1.10",
    "10.0.0.1",
    "224.0.0.1",
    "2606:4700::1",
    "fe80::1",
    "127.0.0.1",
)
PUBLIC = {"60.0.0.1", "50.0.0.1", "2606:4700::1"}
any_flow = st.builds(
    flow,
    client_ip=st.sampled_from(ADDRESSES),
    server_ip=st.sampled_from(ADDRESSES),
    client_device_id=st.sampled_from([None, "a", "b"]),
    server_device_id=st.sampled_from([None, "a", "c"]),
    sni=st.sampled_from([None, "x.control.acme.example", "ADS.example"]),
    http_host=st.sampled_from([None, "www.example.org:8080"]),
    server_name=st.sampled_from([None, "y.tenants.example"]),
    server_port=st.sampled_from([None, 80, 443]),
    client_bytes=st.integers(0, 1000),
    server_bytes=st.integers(0, 1000),
)


def exposed(*rows, certified=NOBODY):
    with DuckEngine(threads=1) as engine:
        return engine.collect(
            exposures(engine, engine.bind(flow_table(rows)), engine.bind(certified), tiny.knowledge())
        ).to_pylist()


@settings(max_examples=6)
@given(rows=st.lists(any_flow, max_size=60))
def test_bytes_and_conversations_of_each_side_are_conserved(rows):
    expected = {}
    for row in rows:
        for mine, theirs, inbound in (("client", "server", False), ("server", "client", True)):
            if row[f"{mine}_device_id"] and row[f"{theirs}_ip"] in PUBLIC:
                key = row[f"{mine}_device_id"], inbound
                old = expected.get(key, (0, 0, 0))
                new = (row[f"{mine}_bytes"], row[f"{theirs}_bytes"], 1)
                expected[key] = tuple(map(sum, zip(old, new, strict=True)))
    told = {}
    for row in exposed(*rows):
        key = row["device_id"], row["is_inbound"]
        old = told.get(key, (0, 0, 0))
        told[key] = tuple(
            map(sum, zip(old, (row["bytes_up"], row["bytes_down"], row["n_flows"]), strict=True))
        )
        assert row["address"] in PUBLIC
    assert told == expected


def test_a_name_has_its_operator_and_an_address_its_owner_and_country():
    (row,) = exposed(flow(sni="x.Control.acme.example", server_ip="60.0.0.1"))
    assert (row["operator_id"], row["service"], row["domain"]) == ("acme", "control", "control.acme.example")
    assert row["jurisdiction"] == "QN"  # of the ultimate parent
    assert (row["asn"], row["address_owner"], row["address_country"]) == (6, "Net O", "QO")
    assert row["fact_id"]


def test_a_tenants_name_is_hosting_whatever_the_suffix_serves():
    (row,) = exposed(flow(sni="customer.tenants.example"))
    assert (row["operator_id"], row["service"]) == ("hosting", "hosting")


def test_an_unknown_name_stays_unknown():
    (row,) = exposed(flow(http_host="www.Example.org:8080", server_ip="70.0.0.1"))
    assert (row["name"], row["domain"]) == ("www.example.org", "example.org")
    for column in ("operator_id", "service", "jurisdiction", "asn", "address_country", "fact_id"):
        assert row[column] is None, column


def test_a_certificate_names_who_runs_what_no_name_tells():
    of_acme = pa.table({"address": ["60.0.0.1"], "certified": ["acme"]})
    (row,) = exposed(flow(), certified=of_acme)
    assert (row["operator_id"], row["jurisdiction"], row["service"]) == ("acme", "QN", None)
    assert row["fact_id"] in {one["fact_id"] for one in tiny.knowledge().rows("companies")}
    (row,) = exposed(flow(sni="ads.example"), certified=of_acme)
    assert row["operator_id"] == "adco"
    came_in = flow(
        client_ip="60.0.0.1", client_device_id=None, server_ip="192.168.1.10", server_device_id="d"
    )
    (row,) = exposed(came_in, certified=of_acme)
    assert row["operator_id"] is None


def test_what_the_device_said_goes_before_what_it_looked_up():
    (row,) = exposed(flow(sni="a.example", http_host="b.example", server_name="c.example"))
    assert row["name"] == "a.example"
    (row,) = exposed(flow(http_host="b.example", server_name="c.example"))
    assert row["name"] == "b.example"


def test_who_came_in_is_not_named_by_what_was_asked_for():
    rows = exposed(
        flow(
            client_ip="60.0.0.9",
            client_device_id=None,
            server_ip="192.168.1.10",
            server_device_id="d",
            sni="a.example",
        )
    )
    (row,) = rows
    assert (row["is_inbound"], row["name"], row["address"]) == (True, None, "60.0.0.9")
    assert (row["bytes_up"], row["bytes_down"]) == (10, 100)


def test_flows_of_one_name_address_and_port_are_one_exposure():
    (row,) = exposed(flow(at=3), flow(at=1), flow(at=2))
    assert (row["n_flows"], row["bytes_up"], row["place"]) == (3, 300, 8)
    assert row["last_seen_at"].hour == 3
    assert row["first_seen_at"].hour == 1


@pytest.mark.parametrize(
    "address", ["192.168.1.20", "10.1.1.1", "169.254.9.9", "fe80::2", "fd00::1", "100.64.0.1"]
)
def test_what_stays_on_the_site_is_no_exposure(address):
    assert re.search(LOCAL_IP, address)
    assert exposed(flow(server_ip=address)) == []


@pytest.mark.parametrize(
    "address", ["224.0.0.251", "255.255.255.255", "ff02::fb", "127.0.0.1", "0.1.0.0", "::1", "::"]
)
def test_what_goes_nowhere_is_no_exposure(address):
    assert exposed(flow(server_ip=address)) == []


def test_no_flows_no_exposures():
    assert exposed() == []
