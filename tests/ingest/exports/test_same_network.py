"""The clinic as nmap would list it: hosts with link and IP address and open ports are the devices of its capture."""

import subprocess
from html import escape

import pytest
from tests.conftest import CLINIC
from tests.ingest.sensors.seen import devices, read

HOST = """<host starttime="1795519846" endtime="1795519889"><status state="up" reason="arp-response"/>
<address addr="{ip}" addrtype="ipv4"/><address addr="{mac}" addrtype="mac"/>
<ports>{ports}</ports></host>"""
PORT = '<port protocol="tcp" portid="{}"><state state="open" reason="syn-ack"/></port>'


def fields(*names, where):
    """Give fields of the capture's frames, as tshark reads them."""
    told = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-r", str(CLINIC / "clinic.pcapng"), "-Y", where, "-T", "fields", *told]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return {tuple(line.split("\t")) for line in text.splitlines()}


def write(path):
    """Write what a scan of the clinic would find: who answers ARP, and which ports answer with SYN and ACK."""
    bound = fields("arp.src.hw_mac", "arp.src.proto_ipv4", where="arp.opcode == 2")
    answered = fields("ip.src", "tcp.srcport", where="tcp.flags.syn == 1 && tcp.flags.ack == 1")
    hosts = [
        HOST.format(
            ip=ip,
            mac=escape(mac),
            ports="".join(PORT.format(port) for host, port in sorted(answered) if host == ip),
        )
        for mac, ip in sorted(bound)
    ]
    path.write_text(
        f'<?xml version="1.0"?><nmaprun scanner="nmap" start="1795519846">{"".join(hosts)}</nmaprun>', "utf-8"
    )
    return bound


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    path = tmp_path_factory.mktemp("nmap") / "clinic.xml"
    return path, write(path)


def test_hosts_of_a_scan_are_devices_of_the_capture(scanned):
    path, bound = scanned
    assert len(bound) > 5
    ids, of_macs, held = devices(read(path))
    of_capture = devices(read(CLINIC / "clinic.pcapng"))
    assert set(of_macs) == {mac for mac, _ in bound}
    assert of_macs.items() <= of_capture[1].items()
    assert ids <= of_capture[0]
    assert held == bound


def test_both_together_are_the_devices_of_the_capture(scanned):
    assert (
        devices(read(CLINIC / "clinic.pcapng", scanned[0]))[0] == devices(read(CLINIC / "clinic.pcapng"))[0]
    )
