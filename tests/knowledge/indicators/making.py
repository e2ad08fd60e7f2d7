"""Makes the golden lists with stix2 and pymisp, the libraries of their formats, when it is run as a module."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

GOLDEN = Path(__file__).with_name("golden")
_DAY = datetime(2026, 1, 10, tzinfo=UTC)


def _id(number):
    return str(uuid.UUID(int=number, version=4))


def bundle():
    """Give a bundle of indicators as stix2 writes it."""
    import stix2  # noqa: PLC0415 - only who makes them anew needs it

    maker = stix2.Identity(
        id=f"identity--{_id(1)}",
        name="Response Team",
        identity_class="organization",
        created=_DAY,
        modified=_DAY,
    )
    technique = stix2.AttackPattern(
        id=f"attack-pattern--{_id(2)}", name="Web Protocols", created=_DAY, modified=_DAY,
        external_references=[{"source_name": "mitre-attack", "external_id": "T1071.001"}],
    )  # fmt: skip
    said = {
        "pattern_type": "stix",
        "created_by_ref": maker.id,
        "created": _DAY,
        "modified": _DAY,
        "valid_from": _DAY,
    }
    patterns = [
        "[ipv4-addr:value = '45.1.2.3']",
        "[ipv6-addr:value = '2a01:db00::1' OR domain-name:value IN ('one.evil.example', 'two.evil.example')]",
        (
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '45.1.2.4'"
            " AND network-traffic:dst_port = 8443]"
        ),
        "[url:value = 'http://three.evil.example/gate.php']",
        "[file:hashes.'SHA-256' = 'ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c']",
        "[ipv4-addr:value ISSUBSET '45.2.0.0/16'] START t'2026-01-02T00:00:00Z' STOP t'2026-02-02T00:00:00Z'",
        "[domain-name:value = 'a.example' AND ipv4-addr:value = '45.1.1.1']",
        "[domain-name:value LIKE '%.evil.example']",
        "[process:name = 'evil']",
    ]
    made = [
        stix2.Indicator(id=f"indicator--{_id(10 + n)}", pattern=text, **said)
        for n, text in enumerate(patterns)
    ]
    made += [
        stix2.Indicator(
            id=f"indicator--{_id(30)}", pattern="[domain-name:value = 'marked.example']", name="A marked one",
            confidence=80,            indicator_types=["anonymization"], object_marking_refs=[stix2.TLP_AMBER],
            valid_until=datetime(2026, 6, 1, tzinfo=UTC), **said,
        ),
        stix2.Indicator(id=f"indicator--{_id(31)}", pattern="[domain-name:value = 'gone.example']", revoked=True, **said),
        stix2.Indicator(
            id=f"indicator--{_id(32)}", pattern="[domain-name:value = 'fine.example']", indicator_types=["benign"], **said
        ),
    ]  # fmt: skip
    tie = stix2.Relationship(
        made[0], "indicates", technique, id=f"relationship--{_id(3)}", created=_DAY, modified=_DAY
    )
    everything = [maker, technique, *made, tie, stix2.TLP_AMBER]
    return stix2.Bundle(everything, id=f"bundle--{_id(4)}").serialize(pretty=True)


def event():
    """Give an event as pymisp writes it."""
    from pymisp import MISPEvent, MISPObject, MISPOrganisation  # noqa: PLC0415 - only who makes them anew needs it

    made = MISPEvent()
    made.uuid, made.info, made.date = _id(50), "Campaign", "2026-01-10"
    made.add_tag("tlp:green")
    made.orgc = MISPOrganisation()
    made.orgc.name, made.orgc.uuid = "Response Team", _id(51)
    values = [
        ("ip-dst|port", "45.3.0.1|8080",
         {"first_seen": "2026-01-01T00:00:00+00:00", "last_seen": "2026-01-20T00:00:00+00:00"}),
        ("domain|ip", "five.evil.example|45.3.0.2", {}),
        ("hostname", "six.evil.example",
         {"Tag": [{"name": 'misp-galaxy:mitre-attack-pattern="Web Protocols - T1071.001"'}]}),
        ("filename|sha256", "x.bin|ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c", {}),
        ("domain", "seven.evil.example",
         {"Tag": [{"name": 'misp:confidence-level="rarely-confident"'}, {"name": "tlp:red"}]}),
        ("domain", "context.example", {"to_ids": False}),
        ("yara", "rule x {condition: true}", {}),
    ]  # fmt: skip
    for n, (sort, value, fields) in enumerate(values):
        told = {"to_ids": True, "uuid": _id(60 + n), "timestamp": 1768003200} | fields
        made.add_attribute(
            sort, value, category="Network activity" if sort != "yara" else "Payload delivery", **told
        )
    thing = MISPObject("domain-ip", strict=False)
    thing.uuid = _id(80)
    thing.add_attribute(
        "domain", "eight.evil.example", type="domain", to_ids=True, uuid=_id(81), timestamp=1768003200
    )
    made.add_object(thing)
    return json.dumps({"Event": json.loads(made.to_json())}, sort_keys=True)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / "bundle.json").write_text(bundle() + "\n", "utf-8")
    (GOLDEN / "event.json").write_text(event() + "\n", "utf-8")
