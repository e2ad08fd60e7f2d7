"""Cases of the signals of exposure and of data leaving: what must and what must not be seen."""

from datetime import timedelta

from tests.assess.world import Device, local, to
from tests.attribute.flows import START, flow

MB = 1_000_000
IMEI, NO_IMEI = "490154203237518", "490154203237519"
OPENED = ("onvif.model", "AC-100")
IGD = "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
CLEAR = (to(server_port=80),)


def seen(*pairs, flows=()):
    return Device(seen=pairs, flows=tuple(flows))


def said(text, *own, about="http.request", flows=CLEAR):
    """Give a device that said something in clear beyond the site."""
    return Device(seen=((about, text), *own), flows=tuple(flows))


def flows(*rows, kind="", **fields):
    return Device(flows=rows, kind=kind, claims=tuple(fields.items()))


def certificate(subject, expiry="2030-01-02T03:04:05Z", signed="true", **more):
    told = {"subject": subject, "expiry": expiry, "self_signed": signed, **more}
    return Device(seen=tuple((f"tls.certificate.{name}", value) for name, value in told.items()))


def sent(*daily, model=""):
    """Give a camera that sent so many megabytes on each day."""
    rows = [
        to(
            client_bytes=int(up * MB),
            first_seen_at=START + timedelta(days=day),
            last_seen_at=START + timedelta(days=day, hours=1),
        )
        for day, up in enumerate(daily)
    ]
    fields = {"brand": "acme", "model": model} if model else {}
    return flows(*rows, kind="camera", **fields)


def dns(server, **fields):
    return flow(server_ip=server, server_port=53, protocol="udp", **fields)


PEERS = [(sent(9 + number / 10, model="AC-100"), None) for number in range(9)]

CASES = {
    "interface.open": [
        (seen(OPENED), 0.5),
        (seen(OPENED, ("http.authenticate", "Digest")), 0.0),
        (seen(("http.authenticate", "Digest")), None),
    ],
    "portmap.asked": [
        (seen(("http.request", "POST /ctl/IPConn")), 0.7),
        (flows(local(server_port=5351, protocol="udp")), 0.7),
        (seen(("ssdp.asks", IGD)), 0.3),
        (seen(("ssdp.asks", "upnp:rootdevice")), None),
        (flows(local(server_port=5351, protocol="udp", server_bytes=0)), None),
    ],
    "certificate.shared": [
        (certificate("CN=cam"), 1.0),
        (certificate("CN=cam"), 1.0),
        (certificate("CN=cam", "2031-01-01T00:00:00Z"), None),
        (certificate("CN=hub"), None),
        (certificate("CN=a", "2031-01-01T00:00:00Z", key_hash="aa"), 1.0),
        (certificate("CN=b", "2032-01-01T00:00:00Z", key_hash="aa"), 1.0),
        (certificate("CN=same", key_hash="bb"), None),
        (certificate("CN=same", key_hash="cc"), None),
        (certificate("CN=ours", signed="false"), None),
        (certificate("CN=ours", signed="false"), None),
    ],
    "update.cleartext": [
        (seen(("http.request", "GET /files/AC-100_1.2.BIN")), 1.0),
        (seen(("http.request", "GET /firmware/query")), 0.7),
        (seen(("http.request", "POST /firmware/query")), None),
        (seen(("http.request", "GET /rotation/a.png")), None),
    ],
    "resolver.own": [
        (flows(dns("60.0.0.53"), dns("192.168.1.1")), 1.0),
        (flows(to("x.unknown.example", server_port=853)), 1.0),
        (flows(dns("60.0.0.53")), 0.4),
        (seen(("dhcp.resolver", "192.168.1.1"), flows=[dns("60.0.0.53")]), 1.0),
        (seen(("dhcp.resolver", "60.0.0.53"), flows=[dns("60.0.0.53")]), None),
        (flows(dns("192.168.1.1")), None),
        (flows(dns("60.0.0.53", server_bytes=0), dns("192.168.1.1")), None),
    ],
    "software.old": [
        (seen(("ssh.version", "SSH-2.0-dropbear_2012.55")), 0.7),
        (seen(("ssh.version", "SSH-2.0-dropbear_0.52")), 0.7),
        (seen(("ssh.version", "SSH-2.0-OpenSSH_5.9p1 Debian-5ubuntu1")), 0.7),
        (seen(("ssh.version", "SSH-1.99-Cisco-1.25")), 0.7),
        (seen(("smb.native_os", "Windows 5.1")), 0.7),
        (seen(("ssh.version", "SSH-2.0-OpenSSH_9.6")), 0.0),
        (seen(("ssh.version", "SSH-2.0-dropbear_2022.83")), 0.0),
        (seen(("ssh.version", "SSH-2.0-other_1.0")), None),
    ],
    "channel.relay": [
        (seen(("pppp.message", "registers with a relay")), 1.0),
        (flows(to(server_port=3478, protocol="udp")), 0.5),
        (flows(local(server_port=3478, protocol="udp")), None),
        (flows(to(server_port=3478, protocol="udp", server_bytes=0)), None),
    ],
    "upload.unlike": [
        (sent(9, 10, 11, 9, 10, 300), 1.0),
        (sent(9, 10, 11, 9, 10, 30), None),
        (sent(0.1, 0.1, 0.1, 0.1, 0.1, 3), None),
        (sent(9, 10, 300), None),
        (sent(300, 9, 10, 11, 9, 10, 9), None),
        (sent(300, model="AC-100"), 1.0),
        *PEERS,
        (sent(300, model="AC-300"), None),
    ],
    "identifier.cleartext": [
        (said("GET /up/aa:bb:cc:00:11:22/x"), 1.0),
        (said(f"GET /up/{IMEI}"), 1.0),
        (said("user/someone@mail.example/state", about="mqtt.topic"), 1.0),
        (said("p/lat=48.20849/lon=16.37208", about="mqtt.topic"), 1.0),
        (said("GET /up/xk4711-09", ("upnp.serial", "XK4711")), 1.0),
        (said("GET /up/xk4711-09"), 0.0),
        (said(f"GET /up/{NO_IMEI}"), 0.0),
        (said("GET /v1/20260101120000/index.html"), 0.0),
        (said("GET /up/aa:bb:cc:00:11:22/x", flows=(to(),)), None),
        (said("a.example", about="dns.query"), None),
    ],
}
