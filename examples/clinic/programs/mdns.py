"""Announce or look for DNS-SD services with python-zeroconf."""

import socket
import sys
import time

from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, Zeroconf


def publish(address: str, host: str, kind: str, port: str, instance: str, *texts: str) -> None:
    """Announce one instance until killed."""
    properties = dict(text.split("=", 1) for text in texts)
    kind = f"{kind}.local."
    info = ServiceInfo(
        kind,
        f"{instance}.{kind}",
        addresses=[socket.inet_aton(address)],
        port=int(port),
        properties=properties,
        server=f"{host}.local.",
    )
    with Zeroconf(interfaces=[address], ip_version=IPVersion.V4Only) as announcer:
        announcer.register_service(info)
        while True:
            time.sleep(60)


class _Nobody:
    def add_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        zeroconf.get_service_info(kind, name, 1500)

    def update_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        pass

    def remove_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        pass


def browse(address: str, *kinds: str) -> None:
    """Ask for services for some seconds and resolve what answers."""
    with Zeroconf(interfaces=[address], ip_version=IPVersion.V4Only) as asker:
        ServiceBrowser(asker, [f"{kind}.local." for kind in kinds], listener=_Nobody())
        time.sleep(4)


if __name__ == "__main__":
    {"publish": publish, "browse": browse}[sys.argv[1]](*sys.argv[2:])
