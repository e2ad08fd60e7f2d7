"""Every protocol has a module, a reference and examples, and the examples say what they should."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from beholden.ingest.dissect.registry import PROTOCOLS, Protocol
from beholden.ingest.dissect.seen import Answer, Seen
from beholden.knowledge.base import knowledge_root
from beholden.model.properties import PROPERTIES

FOLDER = Path(__file__).parent / "examples"


def payload_of(example: dict[str, Any]) -> bytes:
    return example["text"].encode() if "text" in example else bytes.fromhex(example["hex"])


def examples(protocol: Protocol) -> list[dict[str, Any]]:
    file = FOLDER / f"{protocol.name}.toml"
    return tomllib.loads(file.read_text())["example"] if file.exists() else []


ALL = [
    pytest.param(protocol, each, id=f"{protocol.name}: {each['title']}")
    for protocol in PROTOCOLS
    for each in examples(protocol)
]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
def test_complete(protocol: Protocol) -> None:
    module = import_module(f"beholden.ingest.dissect.protocols.{protocol.name}")
    assert protocol.reference in module.__doc__ or set(protocol.reference.replace(",", " ").split()) & set(
        module.__doc__.replace(".", " ").replace(",", " ").split()
    )
    assert any(example["seen"] for example in examples(protocol)), "no example"
    assert protocol.dissect is module.dissect


def test_nothing_left_over() -> None:
    names = {protocol.name for protocol in PROTOCOLS}
    modules = Path(import_module("beholden.ingest.dissect.protocols").__file__).parent.glob("[!_]*.py")
    assert {file.stem for file in modules} == names == {file.stem for file in FOLDER.glob("*.toml")}


@pytest.mark.parametrize(("protocol", "example"), ALL)
def test_example(protocol: Protocol, example: dict[str, Any]) -> None:
    said = protocol.dissect(payload_of(example))
    assert [list(each) for each in said if isinstance(each, Seen)] == example["seen"]
    assert [list(each) for each in said if isinstance(each, Answer)] == example.get("answers", [])
    assert {each.property for each in said if isinstance(each, Seen)} <= PROPERTIES.keys()


def test_every_dissected_property_has_an_example() -> None:
    shown = {seen[1] for protocol in PROTOCOLS for example in examples(protocol) for seen in example["seen"]}
    spoken = {name.partition(".")[0] for name in shown}
    ingest = Path(import_module("beholden.ingest").__file__).parent
    readers = [file for file in ingest.rglob("*.py") if "dissect" not in file.relative_to(ingest).parts]
    forms = knowledge_root() / "vocabulary" / "exports.toml"
    of_readers = "".join(file.read_text() for file in (*readers, forms))
    missing = {name for name in PROPERTIES if name.partition(".")[0] in spoken} - shown
    assert {name for name in missing if f'"{name}"' not in of_readers} == set()
