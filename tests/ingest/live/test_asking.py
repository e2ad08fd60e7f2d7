"""Asking on 127.0.0.1: the log is what left, no faster than allowed; the answers are in the capture, well-formed."""

import hashlib
import shutil
import socket
import subprocess
import threading
import time
import tomllib
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from beholden.ingest.live.asking import Manner, ask, fits
from beholden.ingest.live.frames import Links, Party, Recording
from beholden.ingest.live.probes import PROBES, Probe

EXAMPLES = Path(__file__).parents[1] / "dissect" / "examples"
LOCAL = ip_address("127.0.0.1")
GROUPS = {"224.0.0.251", "239.255.255.250", "239.255.255.251", "255.255.255.255"}
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


class Answering:
    """A server on 127.0.0.1 that keeps what it hears and answers with `answers`, over UDP or TCP."""

    def __init__(self, kind, *answers):
        self.heard, self._answers = [], answers
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(10)
        if kind == socket.SOCK_STREAM:
            self._socket.listen()
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve if kind == socket.SOCK_DGRAM else self._accept)
        self._thread.start()

    def _serve(self):
        while (got := self._socket.recvfrom(4096))[0] != b"end":
            self.heard.append((time.monotonic(), got[0]))
            for answer in self._answers:
                self._socket.sendto(answer, got[1])

    def _accept(self):
        connection, _ = self._socket.accept()
        with connection:
            self.heard.append((time.monotonic(), connection.recv(4096)))
            for answer in self._answers:
                connection.sendall(answer)

    def close(self):
        if self._thread.is_alive():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                out.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join(10)
        self._socket.close()


def asked(tmp_path, probes, targets=(LOCAL,), rate=1000.0, wait=0.3):
    path = tmp_path / "answers.pcapng"
    log, recording = [], Recording(path, "a test")
    counts = ask(targets, probes, Manner(rate, wait), recording, log.append)
    recording.close()
    return counts, log, path


def fields(path, *names):
    words = ["tshark", "-r", path, "-T", "fields", "-E", "separator=|"]
    words += [
        "-o",
        "ip.check_checksum:TRUE",
        "-o",
        "udp.check_checksum:TRUE",
        "-o",
        "tcp.check_checksum:TRUE",
    ]
    for name in names:
        words += ["-e", name]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [line.split("|") for line in done.stdout.splitlines()]


@needs_tshark
def test_a_datagram_is_logged_and_its_answers_are_recorded_behind_it(tmp_path):
    server = Answering(socket.SOCK_DGRAM, b"one", b"two")
    counts, log, path = asked(tmp_path, [Probe("x", "udp", server.port, lambda _: b"who?", "none")])
    server.close()
    assert (counts.n_sent, counts.n_answers, counts.answered) == (1, 2, {"127.0.0.1"})
    assert [question for _, question in server.heard] == [b"who?"]
    (sent,) = log
    assert (sent.target, sent.port, sent.length, sent.error) == ("127.0.0.1", server.port, 4, None)
    assert sent.sha256 == hashlib.sha256(b"who?").hexdigest()
    rows = fields(
        path, "udp.payload", "udp.srcport", "udp.dstport", "udp.checksum.status", "ip.checksum.status"
    )
    assert [bytes.fromhex(row[0]) for row in rows] == [b"who?", b"one", b"two"]
    own = rows[0][1]
    assert [row[1:] for row in rows[1:]] == [[str(server.port), own, "1", "1"]] * 2


@needs_tshark
def test_a_connection_is_recorded_whole(tmp_path):
    answer = bytes(range(256)) * 30
    server = Answering(socket.SOCK_STREAM, answer)
    counts, log, path = asked(tmp_path, [Probe("x", "tcp", server.port, lambda _: b"who?", "none")])
    server.close()
    assert (counts.n_sent, counts.n_answers) == (2, 1)
    assert [sent.length for sent in log] == [0, 4]
    rows = fields(
        path, "tcp.payload", "tcp.checksum.status", "tcp.analysis.flags", "tcp.srcport", "tcp.flags"
    )
    assert {row[1] for row in rows} == {"1"}
    assert {row[2] for row in rows} == {""}, "no gaps, no repetitions"
    assert [row[4] for row in rows[:3]] == ["0x0002", "0x0012", "0x0018"]
    back = [bytes.fromhex(row[0]) for row in rows if row[3] == str(server.port) and row[0]]
    assert b"".join(back) == answer


def test_nobody_there_is_no_answer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    probes = [Probe("u", "udp", port, lambda _: b"?", ""), Probe("t", "tcp", port, lambda _: b"?", "")]
    counts, log, _ = asked(tmp_path, probes)
    assert (counts.n_sent, counts.n_answers, len(log)) == (2, 0, 2)


def test_the_rate_is_kept(tmp_path):
    server = Answering(socket.SOCK_DGRAM)
    probes = [Probe(f"x{number}", "udp", server.port, lambda _: b"?", "none") for number in range(11)]
    _, log, _ = asked(tmp_path, probes, rate=40.0)
    server.close()
    assert len(server.heard) == len(log) == 11
    for before, sent in pairwise(log):
        assert sent.time - before.time >= 1 / 40 - 0.01


def test_what_the_system_refuses_is_logged_as_refused(tmp_path):
    probe = Probe("x", "udp", 9, lambda _: b"?", "none")
    counts, log, _ = asked(tmp_path, [probe], targets=(ip_address("127.255.255.255"),))
    assert counts.n_sent == 0
    assert log[0].error == "Permission denied"


def test_groups_are_asked_only_what_they_are_for():
    for group in map(ip_address, GROUPS):
        assert 0 < sum(fits(probe, group) for probe in PROBES) < len(PROBES)
        assert not any(fits(probe, group) for probe in PROBES if probe.transport == "tcp")
    assert all(fits(probe, LOCAL) for probe in PROBES)
    assert [probe.name for probe in PROBES if fits(probe, ip_address("ff02::fb%v0"))] == ["mdns"]


def test_questions_whose_protocols_are_not_public_are_those_of_the_examples():
    examples = tomllib.loads((EXAMPLES / "dhip.toml").read_text("utf-8"))["example"]
    (question,) = (bytes.fromhex(one["hex"]) for one in examples if one["title"] == "a question")
    by_name = {probe.name: probe.payload("192.168.1.9") for probe in PROBES}
    assert by_name["dhip"] == question
    inquiry = fromstring(by_name["sadp"].decode())
    assert [(one.tag, bool(one.text)) for one in inquiry] == [("Uuid", True), ("Types", True)]
    assert fromstring(by_name["wsd"].decode()).tag.endswith("}Envelope")


@needs_tshark
def test_questions_are_what_their_protocols_say(tmp_path):
    """A dissector of others names each question and finds nothing wrong with it."""
    path = tmp_path / "questions.pcapng"
    recording = Recording(path, "", lambda _: Links(bytes((2, 0, 0, 0, 0, 1)), bytes((2, 0, 0, 0, 0, 2))))
    own = ip_address("192.168.1.2")
    for probe in PROBES:
        for target in ["192.168.1.9", *(group for group in probe.groups if ":" not in group)]:
            there = ip_address(target)
            question = probe.payload(target)
            if probe.transport == "udp":
                recording.datagram(0, Party(own, 50000), Party(there, probe.port), question, there)
            else:
                recording.stream(Party(own, 50000), Party(there, probe.port), (0, question), [])
    recording.close()
    rows = fields(path, "frame.protocols", "eth.dst", "ip.dst", "_ws.malformed", "_ws.expert.severity")
    named = " ".join(row[0] for row in rows)
    for name in ("ssdp", "mdns", "bacapp", "enip", "snmp", "tls", "http"):
        assert f":{name}" in named
    assert {row[3] for row in rows} == {""}
    assert {row[1] for row in rows if row[2] == "239.255.255.250"} == {"01:00:5e:7f:ff:fa"}
    assert {row[1] for row in rows if row[2] == "255.255.255.255"} == {"ff:ff:ff:ff:ff:ff"}
    assert {row[1] for row in rows if row[2] == "192.168.1.9"} == {"02:00:00:00:00:02"}
