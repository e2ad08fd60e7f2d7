"""Cases of the signals of takeover: what must and what must not be seen in conversations and names."""

import hashlib
import random
from datetime import timedelta

from tests.assess.world import Device, inbound, local, to
from tests.attribute.flows import START, flow

CONTROL, C2 = "x.control.acme.example", "x.nobody.example"
LATER = timedelta(hours=13)


def at(minutes):
    """Give the times of a conversation that begins so late."""
    begun = START + timedelta(minutes=minutes)
    return {"first_seen_at": begun, "last_seen_at": begun + timedelta(seconds=2)}


def flows(*rows, kind="", **fields):
    return Device(flows=rows, kind=kind, claims=tuple(fields.items()))


def beats(address, name=None, times=range(0, 300, 10), **fields):
    """Give conversations of even size with one address."""
    return tuple(to(name, server_ip=address, **at(minute), **fields) for minute in times)


def suddenly(name, *others, begin=200, **device):
    """Give a device that calls a place only after a while, evenly, and ends later."""
    late = beats("61.0.1.1", name, times=range(begin, begin + 300, 10))
    return flows(to(CONTROL), *late, *others, **device)


def peers(**fields):
    """Give datagrams with many addresses."""
    return (
        flow(**{"server_ip": f"64.0.0.{i}", "protocol": "udp", "server_port": 6881 + i} | fields)
        for i in range(40)
    )


def held(address, **fields):
    """Give one conversation that lasts for hours."""
    return flow(**{"server_ip": address, "last_seen_at": START + timedelta(hours=9)} | fields)


def tried(n, **fields):
    """Give attempts that nobody answered, on one address or port after the other."""
    return tuple(
        flow(**{"server_ip": f"62.0.{i}.1", "n_syn": 1, "server_bytes": 0, "is_established": False} | fields)
        for i in range(n)
    )


def asked(*names):
    """Give a device that was watched and asked for names."""
    return Device(flows=(to(),), seen=tuple(("dns.query", name) for name in names))


def letters(i):
    return hashlib.sha256(str(i).encode()).hexdigest()


def relayed(n, received=100_000, sent=2_000, after=3):
    """Give conversations from outside, each with one that passes on what it brings."""
    rows = []
    for i in range(n):
        come = START + timedelta(hours=i)
        rows.append(
            inbound(
                client_ip=f"63.1.0.{i}", client_bytes=sent, server_bytes=received + 900, first_seen_at=come
            )
        )
        rows.append(
            to(
                server_ip=f"63.2.0.{i}",
                client_bytes=sent + 80,
                server_bytes=received,
                first_seen_at=come + timedelta(seconds=after),
            )
        )
    return flows(*rows)


_DICE = random.Random(3)
_ODD = sorted(_DICE.uniform(0, 300) for _ in range(30))
_GUESSES = tuple(flow(server_port=22, n_syn=1, **at(i)) for i in range(25))
_REQUESTS = tuple(flow(server_port=80, n_syn=1, **at(i / 10)) for i in range(250))

CASES = {
    "beacon.regular": [
        (flows(to("one.unknown.example"), *beats("61.0.0.1")), 1.0),
        (flows(*beats("61.0.0.8")), 0.0),  # no names were seen at all
        (flows(to("two.unknown.example"), held("61.0.0.9", n_syn=1)), 0.85),
        (flows(to("three.unknown.example"), held("61.0.0.10", n_syn=0)), 0.0),
        (
            flows(to("four.unknown.example"), held("61.0.0.11", n_syn=1, server_name="five.unknown.example")),
            0.0,
        ),
        (
            flows(
                to("six.unknown.example"), held("61.0.0.12", n_syn=1, last_seen_at=START + timedelta(hours=1))
            ),
            0.0,
        ),
        (flows(to(CONTROL), *beats("61.0.0.2", "beat.nobody.example", server_port=4444)), 1.0),
        (flows(to(CONTROL), *beats("61.0.0.7", "web.nobody.example")), 0.0),  # may be a service of others
        (flows(*beats("61.0.0.3", "only.unknown.example", server_port=4444)), 0.0),  # may be its own cloud
        (flows(*beats("61.0.0.4", CONTROL)), 0.0),
        (flows(to("seven.unknown.example"), *beats("61.0.0.5", times=_ODD)), 0.0),
        (flows(to("eight.unknown.example"), *beats("61.0.0.6", times=range(0, 100, 10))), 0.0),
        (suddenly("new.nobody.example", kind="camera"), 0.9),
        (suddenly("soon.nobody.example", kind="camera", begin=90), 0.0),  # ten of its distances are longer
        (suddenly("app.nobody.example", kind="computer"), 0.0),
        (suddenly("few.nobody.example"), 0.9),  # of no known kind, but calls as few names as things do
        (suddenly("many.nobody.example", *(to(f"{i}.many.example") for i in range(4))), 0.0),
        (
            suddenly(
                "one.nobody.example",
                *beats("61.0.1.2", "another.nobody.example", range(200, 220, 10)),
                kind="camera",
            ),
            0.0,
        ),  # two new places tell less of each
        *[(suddenly("its.nobody.example", kind="lock"), 0.0)] * 2,  # another of its like goes there
        (flows(local()), None),
    ],
    "dns.tunnel": [
        (asked(*(f"{letters(i)[:50]}.t.nobody.example" for i in range(40))), 1.0),
        (asked(*(f"{letters(i)[:50]}.control.acme.example" for i in range(40))), 0.0),
        (asked(*(f"{letters(i)[:50]}.9.10.in-addr.arpa" for i in range(40))), 0.0),
        (asked(*(f"{letters(i)[:12]}.t.nobody.example" for i in range(40))), 0.0),
        (asked(*(f"{'a' * i}.t.nobody.example" for i in range(1, 63))), 0.0),
        (flows(to()), None),
    ],
    "dns.generated": [
        (asked(*(f"{letters(i)[:14]}.example" for i in range(8))), 1.0),
        (asked(*(f"{letters(i)[:14]}.example" for i in range(7))), 0.0),
        (asked(*(f"a{i}.{letters(1)[:14]}.example" for i in range(8))), 0.0),
        (
            asked(
                *(
                    f"{name}{i}.example"
                    for i, name in enumerate(["holding", "shield", "works", "hosting"] * 3)
                )
            ),
            0.0,
        ),
        (flows(to()), None),
    ],
    "dns.flux": [
        (flows(*(to(C2, server_ip=f"{net}.0.0.{i}") for net in (50, 60, 80, 81, 82) for i in (1, 2))), 1.0),
        (flows(*(to(C2, server_ip=f"50.0.0.{i}") for i in range(12))), 0.0),
        (
            flows(*(to(CONTROL, server_ip=f"{net}.0.0.{i}") for net in (50, 60, 80, 81, 82) for i in (1, 2))),
            0.0,
        ),
        (
            flows(
                *(
                    to(C2, server_ip=f"{net}.0.0.{i}", server_port=123, protocol="udp")
                    for net in (50, 60, 80, 81, 82)
                    for i in (1, 2)
                )
            ),
            0.0,
        ),
        (flows(to()), None),
    ],
    "listener.new": [
        (flows(to(), inbound(server_port=40000, first_seen_at=START + LATER)), 1.0),
        (flows(to(), inbound(server_port=443, first_seen_at=START + LATER)), 0.0),
        (
            flows(to(), inbound(server_port=40000), inbound(server_port=40000, first_seen_at=START + LATER)),
            0.0,
        ),
        (flows(to(), local(server_port=40000, first_seen_at=START + LATER)), 0.0),
        (flows(brand="acme"), None),
    ],
    "login.guessing": [
        (flows(*_GUESSES), 1.0),
        (flows(*_GUESSES[:10]), 0.0),
        (flows(*(row | {"server_bytes": 90_000} for row in _GUESSES)), 0.0),
        (Device(flows=_REQUESTS, seen=(("http.basic_user", "admin"),)), 1.0),
        (flows(*_REQUESTS), 0.0),
        (flows(to()), None),
    ],
    "peers.many": [
        (flows(*peers(), kind="camera"), 1.0),
        (flows(*peers(server_port=123), kind="camera"), 0.0),
        (flows(*peers(protocol="tcp"), kind="camera"), 0.0),
        (flows(*peers(), kind="game_console"), None),
        (flows(*peers()), None),
        (flows(to(CONTROL), to(at=6), *peers()), 0.5),  # of no known kind, but calls one name
    ],
    "reach.control": [
        (flows(local(server_device_id="plc", server_port=502), kind="camera"), 1.0),
        (flows(local(server_device_id="plc", server_port=443), kind="camera"), 0.0),
        (flows(local(server_device_id="plc", server_port=502), kind="hmi"), None),
        (flows(local(server_device_id="plc", server_port=502)), None),
    ],
    "relay.pairs": [
        (relayed(5), 1.0),
        (relayed(4), 0.0),
        (relayed(5, after=60), 0.0),
        (relayed(5, received=100_000, sent=95_000), 0.0),
        (relayed(5, received=900, sent=300), 0.0),
        (flows(local()), None),
    ],
    "scan.addresses": [
        (flows(*tried(60)), 1.0),
        (flows(*tried(60, is_established=True)), 0.0),
        (flows(*tried(60, server_ip="62.0.0.1")), 0.0),
        (flows(*tried(20)), 0.0),
        (flows(*tried(60, server_name="gone.unknown.example")), 0.0),
        (flows(to()), None),
    ],
    "scan.marked": [
        (flows(*tried(3, n_syn_marked=1)), 1.0),
        (flows(*tried(2, n_syn_marked=1)), 0.0),
        (flows(*tried(3, n_syn_marked=0)), 0.0),
        (flows(*tried(3)), None),
    ],
    "scan.ports": [
        (
            flows(*(row | {"server_ip": "62.0.0.1", "server_port": i} for i, row in enumerate(tried(120)))),
            1.0,
        ),
        (flows(*tried(120)), 0.0),
        (flows(to()), None),
    ],
    "service.unusual": [
        *[(flows(to(), kind="meter"), 0.0)] * 10,
        (flows(*(to(server_port=6667, at=i) for i in range(3)), kind="meter"), 1.0),
        (flows(*(to(server_port=6667, at=i) for i in range(3)), kind="valve"), None),
        (flows(*(to(server_port=6667, at=i) for i in range(3))), None),
    ],
}
