"""Ask targets who they are: never faster than allowed, every packet told of, answers recorded."""

import asyncio
import hashlib
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import cast

from beholden.ingest.live.frames import Party, Recording
from beholden.ingest.live.probes import BROADCAST, Probe
from beholden.ingest.live.targets import Address, unscoped

_CONNECT_SECONDS = 0.9
"""Shorter than the first repetition of a SYN (RFC 6298, 2.1), so that none is sent unasked."""
_CONNECTION_PACKETS = 4
"""Counted for a connection that is refused or made, asked and closed: SYN, ACK, the question, FIN."""
_MOST_ANSWER = 1 << 16
_MOST_ANSWERS = 100_000


@dataclass(frozen=True)
class Sent:
    """A packet that leaves, or that the system refused to send; a connection's opening has no bytes."""

    time: float
    target: str
    port: int
    transport: str
    protocol: str
    sha256: str
    length: int
    error: str | None


@dataclass(frozen=True)
class Manner:
    """How to ask: packets a second, and seconds to wait for answers."""

    rate: float = 50.0
    wait_seconds: float = 5.0


@dataclass
class Counts:
    """What came of it."""

    n_sent: int = 0
    n_answers: int = 0
    answered: set[str] = field(default_factory=set)
    """Addresses that answered."""


def ask(
    targets: Sequence[Address],
    probes: Sequence[Probe],
    manner: Manner,
    recording: Recording,
    tell: Callable[[Sent], None],
) -> Counts:
    """Ask every target every question that fits it, and wait for answers."""
    asking = _Asking(manner, recording, tell)
    asyncio.run(
        asking.run([(target, probe) for target in targets for probe in probes if fits(probe, target)])
    )
    return asking.counts


def fits(probe: Probe, target: Address) -> bool:
    """Tell whether a question is for an address: groups are asked only what they are for."""
    if target.is_multicast or str(target) == BROADCAST:
        return str(unscoped(target)) in probe.groups
    return True


class _Pace:
    """Lets packets pass no faster than a rate."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate
        self._next = 0.0

    async def turn(self, n: int) -> None:
        """Wait until `n` packets may be sent."""
        await asyncio.sleep(self._next - time.monotonic())
        self._next = time.monotonic() + n * self._step


class _Ears(asyncio.DatagramProtocol):
    """Hands on what a socket hears."""

    def __init__(self, heard: Callable[[bytes, Party], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        self._heard(data, Party(ip_address(cast("str", addr[0])), addr[1]))

    def error_received(self, exc: Exception) -> None:
        """Pass over what the network says of who is not there."""


class _Asking:
    def __init__(self, manner: Manner, recording: Recording, tell: Callable[[Sent], None]) -> None:
        self.counts = Counts()
        self._manner, self._recording, self._tell = manner, recording, tell
        self._pace = _Pace(manner.rate)
        self._mouths: dict[tuple[str, int], tuple[socket.socket, asyncio.DatagramTransport]] = {}
        self._asked: dict[tuple[str, Address], tuple[int, Party, Party, bytes]] = {}
        self._said: set[str] = set()

    async def run(self, questions: Sequence[tuple[Address, Probe]]) -> None:
        """Ask, in this order, and wait."""
        talks = []
        try:
            for target, probe in questions:
                if probe.transport == "udp":
                    await self._say(target, probe)
                else:
                    await self._pace.turn(_CONNECTION_PACKETS)
                    talks.append(asyncio.create_task(self._talk(target, probe)))
            await asyncio.gather(*talks)
            await asyncio.sleep(self._manner.wait_seconds)
        finally:
            for _, transport in self._mouths.values():
                transport.close()

    async def _say(self, target: Address, probe: Probe) -> None:
        """Send a datagram."""
        payload = probe.payload(str(unscoped(target)))
        mouth = await self._mouth(probe, target.version)
        await self._pace.turn(1)
        error = None
        own, other = Party(_own_address(target), mouth.getsockname()[1]), Party(target, probe.port)
        self._asked[probe.name, unscoped(target)] = _now_us(), own, other, payload
        try:
            mouth.sendto(payload, (str(target), probe.port))
        except OSError as wrong:
            error = wrong.strerror
        self._told(target, probe, payload, error)

    def _told(self, target: Address, probe: Probe, payload: bytes, error: str | None = None) -> None:
        digest = hashlib.sha256(payload).hexdigest()
        self._said.add(digest)
        self.counts.n_sent += error is None
        self._tell(
            Sent(
                time.time(), str(target), probe.port, probe.transport, probe.name, digest, len(payload), error
            )
        )

    async def _mouth(self, probe: Probe, version: int) -> socket.socket:
        key = probe.name, version
        if key not in self._mouths:
            opened = _opened(probe, version)
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Ears(lambda data, by: self._heard(probe, data, by)), sock=opened
            )
            self._mouths[key] = opened, transport
        return self._mouths[key][0]

    def _heard(self, probe: Probe, data: bytes, by: Party) -> None:
        """Record an answer, behind the question that it answers."""
        is_own = hashlib.sha256(data).hexdigest() in self._said  # come back from a group
        if is_own or self.counts.n_answers >= _MOST_ANSWERS:
            return
        for target in (unscoped(by.address), *map(ip_address, probe.groups)):
            if asked := self._asked.pop((probe.name, target), None):
                at_us, own, other, question = asked
                self._recording.datagram(at_us, own, other, question, by.address)
        port = self._mouths[probe.name, by.address.version][0].getsockname()[1]
        self._recording.datagram(_now_us(), by, Party(_own_address(by.address), port), data, by.address)
        self._count(by.address)

    def _count(self, address: Address) -> None:
        self.counts.n_answers += 1
        self.counts.answered.add(str(address))

    async def _talk(self, target: Address, probe: Probe) -> None:
        """Open a connection, ask, and record what is answered within the time."""
        self._told(target, probe, b"")
        opening = asyncio.open_connection(str(target), probe.port)
        try:
            reader, writer = await asyncio.wait_for(opening, _CONNECT_SECONDS)
        except OSError:  # TimeoutError is one
            return
        own, payload, begun = (
            writer.get_extra_info("sockname"),
            probe.payload(str(unscoped(target))),
            _now_us(),
        )
        self._told(target, probe, payload)
        writer.write(payload)
        answers = await self._answers(reader)
        if answers:
            own = Party(
                ip_address(writer.get_extra_info("sockname")[0]), writer.get_extra_info("sockname")[1]
            )
            self._recording.stream(own, Party(target, probe.port), (begun, payload), answers)
            self._count(target)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _answers(self, reader: asyncio.StreamReader) -> list[tuple[int, bytes]]:
        answers, size = list[tuple[int, bytes]](), 0
        with suppress(OSError):
            async with asyncio.timeout(self._manner.wait_seconds):
                while size < _MOST_ANSWER and (piece := await reader.read(_MOST_ANSWER - size)):
                    answers.append((_now_us(), piece))
                    size += len(piece)
        return answers


def _now_us() -> int:
    return time.time_ns() // 1000


@cache
def _own_address(target: Address) -> Address:
    """Give the address that this machine has towards another; nothing is sent."""
    family = socket.AF_INET6 if target.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        with suppress(OSError):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            opened.connect((str(target), 9))
        return ip_address(opened.getsockname()[0])


def _opened(probe: Probe, version: int) -> socket.socket:
    """Open a socket to ask by; where answers come to the question's own port, it listens there if it can."""
    opened = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    if BROADCAST in probe.groups:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if probe.hears_port and version == 4:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # another program's port, or no interface that knows groups
            opened.bind(("", probe.port))
            for group in probe.groups:
                if ip_address(group).is_multicast:
                    member = socket.inet_aton(group) + socket.inet_aton("0.0.0.0")  # noqa: S104 - any interface
                    opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    if opened.getsockname()[1] == 0:
        opened.bind(("", 0))
    return opened
