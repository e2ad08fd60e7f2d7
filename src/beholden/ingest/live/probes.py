"""Questions that devices are made to answer: what is sent to find them, and nothing that changes them."""

import os
import struct
from collections.abc import Callable
from typing import Literal, NamedTuple
from uuid import uuid4

from beholden import __version__

BROADCAST = "255.255.255.255"
_SSDP_GROUPS = ("239.255.255.250", "ff02::c")
_MX_SECONDS = 2


class Probe(NamedTuple):
    """One question.

    groups: addresses at which many listen at once. Where `hears_port`, answers come to the port of the question
    (and to its group), not to its sender alone.
    """

    name: str
    transport: Literal["udp", "tcp"]
    port: int
    payload: Callable[[str], bytes]
    """Gives what is sent to an address."""
    reference: str
    groups: tuple[str, ...] = ()
    hears_port: bool = False


def ssdp(address: str) -> bytes:
    """Ask for all UPnP devices and services. UPnP Device Architecture 2.0, 1.3.2 and 1.3.3."""
    host = f"[{address}]" if ":" in address else address
    waits = f"MX: {_MX_SECONDS}\r\n" if address in _SSDP_GROUPS else ""
    return f'M-SEARCH * HTTP/1.1\r\nHOST: {host}:1900\r\nMAN: "ssdp:discover"\r\n{waits}ST: ssdp:all\r\n\r\n'.encode()


def mdns(_: str) -> bytes:
    """Ask which services there are, answers to be sent to the one who asks. RFC 6762, 5.4; RFC 6763, 9."""
    name = b"".join(
        bytes((len(label),)) + label for label in (b"_services", b"_dns-sd", b"_udp", b"local", b"")
    )
    return struct.pack("!6H", 0, 0, 1, 0, 0, 0) + name + struct.pack("!HH", 12, 0x8001)


def wsd(_: str) -> bytes:
    """Ask for all devices. WS-Discovery of April 2005, 5.2, whose names devices use more than those of 2009."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
        f"<a:MessageID>urn:uuid:{uuid4()}</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        "</s:Header><s:Body><d:Probe/></s:Body></s:Envelope>"
    ).encode()


def sadp(_: str) -> bytes:
    """Inquire. No specification is public: https://github.com/MatrixEditor/hiktools."""
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return f"{head}<Probe><Uuid>{str(uuid4()).upper()}</Uuid><Types>inquiry</Types></Probe>".encode()


def dhip(_: str) -> bytes:
    """Search. No specification is public: https://github.com/mcw0/DahuaConsole."""
    body = b'{"method": "DHDiscover.search", "params": {"mac": "", "uni": 1}}\n\0'
    return struct.pack("<I4s8xIIII", 32, b"DHIP", len(body), 0, len(body), 0) + body


def bacnet(address: str) -> bytes:
    """Ask who is there (Who-Is, any instance, this network alone). ANSI/ASHRAE 135-2020, 16.10 and annex J."""
    function = 0x0B if address == BROADCAST else 0x0A  # Original-Broadcast-NPDU, Original-Unicast-NPDU
    return bytes((0x81, function, 0, 8, 1, 0, 0x10, 8))


def enip(_: str) -> bytes:
    """List identity. EtherNet/IP, CIP volume 2, 2-4.2: a head of 24 bytes and nothing behind it."""
    return struct.pack("<H22x", 0x63)


def snmp(_: str) -> bytes:
    """Get sysDescr.0 (SNMPv2c, community `public`). RFC 1901, RFC 3416, RFC 3418."""
    return bytes.fromhex("302602010104067075626c6963a01902010102010002010030 0e300c06082b060102010101000500")


def tls(_: str) -> bytes:
    """Say hello, TLS 1.2 at most, so that the certificate comes in clear. RFC 5246, 7.4.1.2; RFC 8422, 5.1."""
    suites = bytes.fromhex("c02bc02fc02cc030cca9cca8c009c00ac013c014009c009d002f0035000a00ff")
    extensions = bytes.fromhex(
        "000a00080006001d00170018"  # supported_groups
        "000b00020100"  # ec_point_formats
        "000d00160014040308040401050308050501080606010203 0201"  # signature_algorithms
    )
    body = b"\3\3" + os.urandom(32) + b"\0" + struct.pack("!H", len(suites)) + suites + b"\1\0"
    body += struct.pack("!H", len(extensions)) + extensions
    return struct.pack("!BHHBBH", 22, 0x0301, len(body) + 4, 1, 0, len(body)) + body


def http(address: str) -> bytes:
    """Ask for the head of the first page. RFC 9110, 9.3.2."""
    host = f"[{address}]" if ":" in address else address
    agent = f"User-Agent: beholden/{__version__}\r\n"
    return f"HEAD / HTTP/1.1\r\nHost: {host}\r\n{agent}Accept: */*\r\nConnection: close\r\n\r\n".encode()


PROBES = (
    Probe("ssdp", "udp", 1900, ssdp, "UPnP Device Architecture 2.0", _SSDP_GROUPS),
    Probe("mdns", "udp", 5353, mdns, "RFC 6762, RFC 6763", ("224.0.0.251", "ff02::fb")),
    Probe("wsd", "udp", 3702, wsd, "WS-Discovery, April 2005", ("239.255.255.250", "ff02::c")),
    Probe("sadp", "udp", 37020, sadp, "none public", ("239.255.255.250",), hears_port=True),
    Probe("dhip", "udp", 37810, dhip, "none public", ("239.255.255.251",)),
    Probe("bacnet", "udp", 47808, bacnet, "ANSI/ASHRAE 135-2020", (BROADCAST,), hears_port=True),
    Probe("enip", "udp", 44818, enip, "EtherNet/IP, CIP volume 2", (BROADCAST,)),
    Probe("snmp", "udp", 161, snmp, "RFC 3416"),
    Probe("tls", "tcp", 443, tls, "RFC 5246"),
    Probe("http", "tcp", 80, http, "RFC 9110"),
)
"""All questions there are."""
