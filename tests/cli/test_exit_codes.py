"""Exit codes: 0 done, 1 an error that one line explains, 2 wrong usage or a problem under --strict."""

import pytest


def one_line(text):
    lines = [line for line in text.splitlines() if "compiling" not in line]
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "devices"), "no scan yet"),
        (("explain", "00:11:22:33:44:55"), "no scan yet"),
        (("scan", "/nowhere/at/all.pcap"), "no such file or folder"),
        (("judge", "merge", "mac:00:11:22:33:44:55"), "--reason"),
        (("judge", "correct", "x", "colour=red", "--reason", "r"), "FIELD=VALUE"),
        (("judge", "split", "colour:red", "--reason", "r"), "KIND:VALUE"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_1(beholden, tmp_path, words, says):
    done = beholden.run(*words, "--store", tmp_path / "store")
    assert done.returncode == 1
    assert not done.stdout
    line = one_line(done.stderr)
    assert line.startswith("beholden: ")
    assert says in line


@pytest.mark.parametrize(
    "words", [("scan",), ("nonsense",), ("show", "colours"), ("scan", "--limit", "0", "x"), ("show",)]
)
def test_wrong_usage_is_2(beholden, words):
    done = beholden.run(*words)
    assert done.returncode == 2
    assert not done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("instant", ["yesterday", "2026-13-01"])
def test_an_instant_that_is_none(beholden, clinic, tmp_path, instant):
    done = beholden.run("scan", clinic / "tiny.pcap", "--as-of", instant, "--store", tmp_path)
    assert done.returncode == 1
    assert "ISO 8601" in one_line(done.stderr)


def test_strict_is_2_where_evidence_had_a_problem(beholden, clinic, tmp_path):
    (tmp_path / "picture.pcap").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    words = (
        "scan",
        clinic / "tiny.pcap",
        tmp_path / "picture.pcap",
        "--store",
        tmp_path / "s",
        "--no-report",
    )
    lenient = beholden.run(*words)
    strict = beholden.run(*words, "--strict")
    assert (lenient.returncode, strict.returncode) == (0, 2)
    assert "PNG image" in one_line(strict.stderr)
    assert strict.stdout.startswith("2 devices")


def test_strict_is_0_without_a_problem(beholden, clinic, tmp_path):
    beholden.good("scan", clinic / "tiny.pcap", "--strict", "--store", tmp_path, "--no-report")


def test_a_reader_that_stops_early_is_no_error(beholden, clinic_store):
    process = beholden.start("show", "findings", "--all", "--json", "--store", clinic_store)
    process.stdout.read(1)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(60) in (0, -13)
