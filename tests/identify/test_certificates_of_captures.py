"""Certificates of real devices and clouds, and whom they name; docs/decisions/0016-tls.md shows these."""

import pytest

from beholden.ingest.captures import read
from beholden.ingest.read import Options
from beholden.knowledge.base import Knowledge
from beholden.knowledge.distinguished import Certified


@pytest.mark.parametrize(
    ("capture", "own", "vouched"),
    [
        ("ndpi/sonos.pcapng", {"sonos"}, set()),
        ("iot-sentinel/D-LinkCam", set(), {"d-link"}),
        ("iot-sentinel/TP-LinkPlugHS110", set(), {"tp-link"}),
        ("ndpi/alexa-app.pcapng", {"google"}, {"amazon", "google"}),
        ("ndpi/http_ipv6.pcap", set(), {"meta"}),
        ("iot-sentinel/WeMoLink", set(), set()),
    ],
)
def test_whom_they_name(captures, capture, own, vouched):
    path = captures / capture
    paths = [path] if path.is_file() else sorted(path.glob("*.pcap"))
    book, shown = Certified(Knowledge.open()), {}
    for one in paths:
        found = read(one, one.name, lambda: "e" * 64, 1, lambda _: None, Options()).observations
        for row in found.to_pylist():
            if row["property"].startswith("tls.certificate."):
                shown.setdefault((one, row["subject"], row["locator"]), {})[row["property"][16:]] = row[
                    "value"
                ]
    pairs = {(one["subject"], one["issuer"]) for one in shown.values() if {"subject", "issuer"} <= one.keys()}
    assert pairs
    assert {book.own(*pair) for pair in pairs} - {None} == own
    assert {book.vouched(*pair) for pair in pairs} - {None} == vouched
