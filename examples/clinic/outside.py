"""The world outside the clinic: one namespace that holds every public address and answers for it."""

import subprocess
import sys
from pathlib import Path

from cast import HERE, Outside

from lab import Host, Lab

_SITE = """server {{
  listen {address}:{port}{tls};
  server_name {name};
  {certificate}
  location / {{ default_type text/html; return 200 "<html><title>{name}</title></html>"; }}
}}
"""


def open_outside(lab: Lab, gateway: Host, rows: tuple[Outside, ...], lan: tuple[str, ...]) -> None:
    """Make the namespace, route it behind the gateway and start its servers."""
    host = lab.host("outside", "outside")
    lab.cable(gateway, "wan", host, "eth0", ("02:00:5e:00:00:01", "02:00:5e:00:00:02"))
    gateway.run("ip addr add 198.51.100.2/30 dev wan && ip route add default via 198.51.100.1")
    host.run("ip addr add 198.51.100.1/30 dev eth0")
    for net in lan:
        host.run(f"ip route add {net} via 198.51.100.2")
    for row in rows:
        host.run(f"ip addr add {row.address}/32 dev lo")
    _web(host, rows)
    _clock(host)
    for row in rows:
        _others(host, row)


def _web(host: Host, rows: tuple[Outside, ...]) -> None:
    authority(host.work)
    sites = []
    for row in rows:
        if row.tls:
            certificate, key = certify(host.work, row.name)
            told = f"ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols {row.tls};"
            sites.append(
                _SITE.format(address=row.address, port=443, tls=" ssl http2", name=row.name, certificate=told)
            )
        if row.http:
            sites.append(_SITE.format(address=row.address, port=80, tls="", name=row.name, certificate=""))
    config = host.work / "nginx.conf"
    config.write_text(
        f"user root; daemon off; worker_processes 1; pid {host.work}/nginx.pid; error_log stderr;\n"
        "events {}\nhttp { access_log off; client_max_body_size 8m; server_tokens off;\n"
        + "".join(sites)
        + "}\n"
    )
    host.serve(f"mkdir -p /var/log/nginx /var/lib/nginx; exec nginx -c {config}")


def _clock(host: Host) -> None:
    config = host.work / "chrony.conf"
    config.write_text(
        f"local stratum 2\nallow all\ncmdport 0\npidfile {host.work}/chrony.pid\nbindcmdaddress /\n"
    )
    # -x: it never touches the clock.
    host.serve(f"exec chronyd -x -d -u root -f {config}")


def _others(host: Host, row: Outside) -> None:
    if row.quic:
        certificate, key = certify(host.work, row.name)
        host.serve(f"exec {sys.executable} {HERE}/programs/quic.py answer {row.address} {certificate} {key}")
    if row.mqtt:
        config = host.work / f"mqtt-{row.address}.conf"
        config.write_text(
            f"listener {row.mqtt} {row.address}\nallow_anonymous true\npersistence false\nuser root\n"
        )
        host.serve(f"exec mosquitto -c {config}")
    if row.sink:
        host.serve(
            f"exec socat -u TCP-LISTEN:{row.sink},bind={row.address},fork,reuseaddr OPEN:/dev/null,append"
        )
    if row.udp_echo:
        host.serve(f"exec socat UDP-RECVFROM:{row.udp_echo},bind={row.address},fork EXEC:cat")


def authority(work: Path) -> None:
    """Make the certificate authority of this recording."""
    _openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 825 -set_serial 1",
        "-keyout", f"{work}/ca.key", "-out", f"{work}/ca.pem", "-subj", "/O=Example Clinic Recording/CN=Test CA",
    )  # fmt: skip


def certify(work: Path, name: str) -> tuple[Path, Path]:
    """Issue a server certificate for a name; give its file and its key's."""
    certificate, key = work / f"{name}.pem", work / f"{name}.key"
    if not certificate.exists():
        _openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 397",
            "-CA", f"{work}/ca.pem", "-CAkey", f"{work}/ca.key", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(certificate),
        )  # fmt: skip
    return certificate, key


def self_signed(work: Path, subject: str) -> None:
    """Make the certificate that a device signed itself."""
    _openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 3650",
        "-subj", subject, "-keyout", f"{work}/own.key", "-out", f"{work}/own.pem",
    )  # fmt: skip


def _openssl(start: str, *rest: str) -> None:
    subprocess.run(["openssl", *start.split(), *rest], check=True, capture_output=True)
