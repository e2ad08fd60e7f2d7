"""A UPnP media renderer and a search for one, by async_upnp_client."""

import asyncio
import sys
from xml.etree import ElementTree as ET

from aiohttp import web_response
from async_upnp_client import search, server
from async_upnp_client.const import DeviceInfo, EventableStateVariableTypeInfo, ServiceInfo

server.HEADER_SERVER = "SHP, UPnP/1.0, Samsung UPnP SDK/1.0"
web_response.SERVER_SOFTWARE = server.HEADER_SERVER
_RENDERER = "urn:schemas-upnp-org:device:MediaRenderer:1"
_CONTROL = "urn:schemas-upnp-org:service:RenderingControl:1"


class Control(server.UpnpServerService):
    """A service without actions, enough to be described."""

    SERVICE_DEFINITION = ServiceInfo(
        service_id="urn:upnp-org:serviceId:RenderingControl",
        service_type=_CONTROL,
        control_url="/upnp/control/RenderingControl1",
        event_sub_url="/upnp/event/RenderingControl1",
        scpd_url="/RenderingControl_1.xml",
        xml=ET.Element("service"),
    )
    STATE_VARIABLE_DEFINITIONS: dict[str, EventableStateVariableTypeInfo] = {}  # noqa: RUF012


class Television(server.UpnpServerDevice):
    """The device description."""

    DEVICE_DEFINITION = DeviceInfo(
        device_type=_RENDERER,
        friendly_name="[TV] Waiting Room",
        manufacturer="Samsung Electronics",
        manufacturer_url="http://www.samsung.com/sec",
        model_name="UE43AU7170",
        model_url="http://www.samsung.com/sec",
        udn="uuid:0f1e2d3c-0000-1000-8000-8c79f52e1023",
        upc=None,
        model_description="Samsung TV DMR",
        model_number="AllShare1.0",
        serial_number="20210101WAITING",
        presentation_url=None,
        url="/device.xml",
        icons=[],
        xml=ET.Element("device"),
    )
    EMBEDDED_DEVICES = ()
    SERVICES = (Control,)


async def publish(address: str, port: str) -> None:
    """Announce and answer until killed."""
    television = server.UpnpServer(Television, source=(address, 0), http_port=int(port))
    await television.async_start()
    await asyncio.Event().wait()


async def look(address: str, target: str) -> None:
    """Ask for a search target and wait for answers."""

    async def heard(headers: object) -> None:
        print(headers)

    await search.async_search(heard, timeout=3, search_target=target, source=(address, 0))


if __name__ == "__main__":
    asyncio.run({"publish": publish, "look": look}[sys.argv[1]](*sys.argv[2:]))
