"""WS-Discovery of an ONVIF camera: announced and searched for with the WSDiscovery package."""

import sys
import time

from wsdiscovery import QName, Scope
from wsdiscovery.discovery import ThreadedWSDiscovery
from wsdiscovery.publishing import ThreadedWSPublishing

_CAMERA = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter", "dn")
_SCOPES = (
    "onvif://www.onvif.org/type/video_encoder",
    "onvif://www.onvif.org/Profile/Streaming",
)


def publish(address: str, brand: str, model: str) -> None:
    """Say hello and answer probes until killed."""
    scopes = [
        *_SCOPES,
        f"onvif://www.onvif.org/hardware/{model}",
        f"onvif://www.onvif.org/name/{brand}%20{model}",
    ]
    camera = ThreadedWSPublishing()
    camera.start()
    time.sleep(1)
    camera.publishService(
        types=[_CAMERA],
        scopes=[Scope(scope) for scope in scopes],
        xAddrs=[f"http://{address}/onvif/device_service"],
    )
    while True:
        time.sleep(60)


def search(_address: str) -> None:
    """Probe once for cameras."""
    recorder = ThreadedWSDiscovery()
    recorder.start()
    found = recorder.searchServices(types=[_CAMERA], timeout=3)
    recorder.stop()
    print([service.getXAddrs() for service in found])


if __name__ == "__main__":
    {"publish": publish, "search": search}[sys.argv[1]](*sys.argv[2:])
