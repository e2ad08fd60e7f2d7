"""Parts of bills of materials are components of the device, with their place; types of devices are no devices."""

import pyarrow as pa
from tests.identify import tiny
from tests.identify.world import devices_of, frame, seen

from beholden.identify.billed import billed
from beholden.identify.modules import READ_FROM, part_claims


def parts(engine, *rows):
    """Give the components of one device of which (property, value, place) are told."""
    told = frame(engine, [seen("one", name, value, at=at) for name, value, at in rows])
    device = engine.bind(pa.table({"subject": ["one"], "device_id": ["d1"]}))
    return engine.collect(billed(engine, told.join(device, on="subject"), tiny.knowledge())).to_pylist()


def test_names_and_versions_are_read_from_both_ends(engine):
    found = parts(
        engine,
        ("sbom.library", "@scope/ui@1.2", 7),
        ("sbom.library", "@scope/ui@1.2", 3),
        ("sbom.firmware", "boot@", 2),
        ("sbom.module", "EC25@R%4006", 4),
        ("sbom.supplier", "boot@: Acme", 2),
    )
    told = sorted((row["role"], row["name"], row["version"], row["place"]) for row in found)
    assert told == [
        ("firmware", "boot", None, 2),
        ("library", "@scope/ui", "1.2", 3),
        ("module", "EC25", "R@06", 4),
    ]
    assert {row["device_id"] for row in found} == {"d1"}


def test_a_firmware_is_a_device_and_a_usage_description_is_none(engine):
    found = devices_of(
        engine,
        [
            seen("ab" * 32, "sbom.library", "openssl@3", kind="firmware"),
            seen("cd" * 32, "sbom.library", "openssl@3", kind="firmware"),
            seen("https://acme.example/cam.json", "mud.model", "cam", kind="mud"),
        ],
    )
    assert found["firmware", "ab" * 32, ""] != found["firmware", "cd" * 32, ""]
    assert found["mud", "https://acme.example/cam.json", ""] is None


def test_hardware_that_knowledge_has_as_a_module_names_its_maker():
    told = pa.table({"property": ["sbom.module"] * 2, "value": ["MC12-E@R06", "R0805@"]})
    claims = part_claims(told, tiny.knowledge(), dict.fromkeys(READ_FROM.values(), 0.8))
    assert [(row["field"], row["found"], row["value"]) for row in claims.to_pylist()] == [
        ("module_maker", "modco", "MC12-E@R06")
    ]
