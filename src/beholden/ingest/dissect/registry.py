"""Every protocol that packets are dissected for: one screen that tells what beholden can read.

`transport` says what the dissector is given: the UDP payload, the prefix of a
TCP stream in one direction, the ICMPv6 message, what follows the EtherType
or SNAP header, or a whole frame of a radio's link layer, whose types `ports`
are. Where `ports` is empty the packet kernel chooses by content.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from beholden.ingest.dissect.seen import Answer, Seen

Transport = Literal["ethertype", "snap", "icmp6", "udp", "tcp", "wifi", "ble", "wpan"]
TO_END = 255
"""Stands for the end of a payload, where one would count its bytes."""


@dataclass(frozen=True)
class Protocol:
    """One protocol: where it is found and which module reads it."""

    name: str
    transport: Transport
    ports: tuple[int, ...]
    reference: str
    changing: tuple[int, int] = (0, 0)
    """Bytes that a sender's payloads may differ in and still say the same; up to `TO_END`, all from the first on."""
    most: int = 0
    """How much of a conversation's direction is read: datagrams, of a stream 256 bytes each; 0 the usual."""

    @property
    def has_transaction(self) -> bool:
        """Whether what changes is no more than a transaction's number."""
        return 0 < self.changing[1] < TO_END

    @property
    def dissect(self) -> "Callable[[bytes], list[Seen | Answer]]":
        """The pure function bytes → what was seen."""
        module = import_module(f"beholden.ingest.dissect.protocols.{self.name}")
        return cast("Callable[[bytes], list[Seen | Answer]]", module.dissect)


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol("arp", "ethertype", (0x0806,), "RFC 826"),
    Protocol("lldp", "ethertype", (0x88CC,), "IEEE 802.1AB-2016"),
    Protocol("cdp", "snap", (0x2000,), "Cisco Discovery Protocol, SNAP 00000c:2000"),
    Protocol("wifi", "wifi", (5, 8), "IEEE 802.11-2020", changing=(22, 32)),
    Protocol("wifi", "wifi", (0, 2, 4, 13), "IEEE 802.11-2020", changing=(22, 24)),
    Protocol("ble", "ble", (0, 2, 4, 6, 7), "Bluetooth Core 5.4, volume 6 B"),
    Protocol("wpan", "wpan", (0, 1, 3), "IEEE 802.15.4-2020"),
    Protocol("nd", "icmp6", (133, 134, 135, 136), "RFC 4861"),
    Protocol("dhcp", "udp", (67, 68), "RFC 2131, 2132", changing=(4, 10)),
    Protocol("dhcp6", "udp", (546, 547), "RFC 8415", changing=(1, 4)),
    Protocol("dns", "udp", (53,), "RFC 1035", changing=(0, 2)),
    Protocol("mdns", "udp", (5353,), "RFC 6762, 6763", changing=(0, 2)),
    Protocol("llmnr", "udp", (5355,), "RFC 4795", changing=(0, 2)),
    Protocol("nbns", "udp", (137,), "RFC 1002", changing=(0, 2)),
    Protocol("ssdp", "udp", (1900,), "UPnP Device Architecture 2.0"),
    Protocol("wsd", "udp", (3702,), "OASIS WS-Discovery 1.1"),
    Protocol("quic", "udp", (), "RFC 9000, 9001, 9369"),
    Protocol("tls", "tcp", (), "RFC 8446, 5246"),
    Protocol("http", "tcp", (), "RFC 9110, 9112"),
    Protocol("mqtt", "tcp", (1883,), "OASIS MQTT 3.1.1, 5.0"),
    Protocol("sadp", "udp", (37020,), "github.com/MatrixEditor/hiktools", most=64),
    Protocol("dhip", "udp", (37810,), "github.com/Phenomite/AMP-Research", most=64),
    Protocol("mhed", "udp", (23456,), "github.com/AlexandruIspas659/ipcprobe", most=64),
    Protocol("rtsp", "tcp", (554, 8554, 10554), "RFC 2326, 7826"),
    Protocol("tuya", "udp", (6666, 6667), "github.com/jasonacox/tinytuya", most=64),
    Protocol("miio", "udp", (54321,), "github.com/OpenMiHome/mihome-binary-protocol", changing=(12, TO_END)),
    Protocol("shp", "udp", (9999,), "github.com/softScheck/tplink-smartplug", most=64),
    Protocol("shp", "tcp", (9999,), "github.com/softScheck/tplink-smartplug"),
    Protocol("tdp", "udp", (20002,), "github.com/python-kasa/python-kasa", most=64),
    Protocol("modbus", "tcp", (502,), "Modbus Application Protocol 1.1b3"),
    Protocol("bacnet", "udp", (47808,), "ISO 16484-5", most=128),
    Protocol("enip", "udp", (44818,), "CIP Networks Library, volume 2", most=64),
    Protocol("enip", "tcp", (44818,), "CIP Networks Library, volume 2", most=4),
    Protocol("s7comm", "tcp", (102,), "TPKT RFC 1006, COTP ISO 8073"),
    Protocol("profinet", "ethertype", (0x8892,), "IEC 61158-6-10", changing=(2, TO_END)),
    Protocol("dnp3", "tcp", (20000,), "IEEE 1815-2012"),
    Protocol("dnp3", "udp", (20000,), "IEEE 1815-2012", most=64),
    Protocol("iec104", "tcp", (2404,), "IEC 60870-5-104", most=8),
    Protocol("opcua", "tcp", (4840,), "OPC 10000-6, 10000-4"),
    Protocol("knxip", "udp", (3671,), "ISO 22510", most=64),
    Protocol("snmp", "udp", (161, 162), "RFC 3416, 3418", most=128),
    Protocol("sip", "udp", (5060,), "RFC 3261, 6080", most=64),
    Protocol("sip", "tcp", (5060,), "RFC 3261, 6080", most=16),
    Protocol("ntp", "udp", (123,), "RFC 5905, 9327", changing=(2, TO_END)),
    Protocol("dvrip", "tcp", (37777,), "github.com/mcw0/DahuaConsole"),
    Protocol("netip", "tcp", (34567,), "github.com/OpenIPC/python-dvr"),
    Protocol("netip", "udp", (34569,), "github.com/OpenIPC/python-dvr", most=64),
    Protocol("pppp", "udp", (32100, 32108), "github.com/pmarrapese/iot", most=64),
    Protocol("kalay", "udp", (32761,), "github.com/AlexxIT/go2rtc", most=64),
    Protocol("gree", "udp", (7000,), "github.com/tomikaa87/gree-remote", most=64),
    Protocol("midea", "udp", (6445,), "github.com/mac-zhou/midea-msmart", most=64),
    Protocol("broadlink", "udp", (80,), "github.com/mjg59/python-broadlink", most=64),
    Protocol("yeelight", "udp", (1982,), "Yeelight WiFi Light Inter-Operation Specification", most=64),
    Protocol("lifx", "udp", (56700,), "lan.developer.lifx.com", most=64),
    Protocol("wiz", "udp", (38899, 38900), "github.com/sbidy/pywizlight", most=64),
    Protocol("coap", "udp", (5683,), "RFC 7252, 9176", changing=(2, 4), most=128),
    Protocol("ubnt", "udp", (10001,), "UDP 10001, nmap's ubiquiti-discovery", most=64),
    Protocol("mndp", "udp", (5678,), "help.mikrotik.com", changing=(0, 4), most=64),
    Protocol("dlms", "tcp", (4059,), "IEC 62056-47, 62056-5-3", most=8),
    Protocol("dlms", "udp", (4059,), "IEC 62056-47, 62056-5-3", most=64),
    Protocol("goose", "ethertype", (0x88B8,), "IEC 61850-8-1", changing=(2, TO_END)),
    Protocol("sv", "ethertype", (0x88BA,), "IEC 61850-9-2", changing=(2, TO_END)),
    Protocol("dicom", "tcp", (104, 11112), "PS3.8 section 9.3", most=8),
    Protocol("hl7", "tcp", (2575, 6661), "HL7 2.9", most=16),
    Protocol("nmea", "udp", (10110,), "IEC 61162-1", changing=(6, TO_END)),
    Protocol(
        "lidar", "udp", (2368, 6699, 7788, 55000, 56000), "User manuals of their makers", changing=(2, TO_END)
    ),
    Protocol("ssh", "tcp", (22, 2222), "RFC 4253", most=1),
    Protocol("ftp", "tcp", (21,), "RFC 959", most=4),
    Protocol("telnet", "tcp", (23, 2323), "RFC 854, 855", most=4),
    Protocol("netflow", "udp", (2055, 4739, 9995), "RFC 3954, 7011", changing=(2, TO_END)),
)
