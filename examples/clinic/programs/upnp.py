"""A UPnP media renderer and a search for one, by async_upnp_client."""

import asyncio
import sys
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from aiohttp import web_response
from async_upnp_client import search, server
from async_upnp_client.const import DeviceInfo, EventableStateVariableTypeInfo, ServiceInfo


class Control(server.UpnpServerService):
    """A service without actions, enough to be described."""

    SERVICE_DEFINITION = ServiceInfo(
        service_id="urn:upnp-org:serviceId:RenderingControl",
        service_type="urn:schemas-upnp-org:service:RenderingControl:1",
        control_url="/upnp/control/RenderingControl1",
        event_sub_url="/upnp/event/RenderingControl1",
        scpd_url="/RenderingControl_1.xml",
        xml=ET.Element("service"),
    )
    STATE_VARIABLE_DEFINITIONS: dict[str, EventableStateVariableTypeInfo] = {}  # noqa: RUF012


def describe(texts: Sequence[str]) -> type[server.UpnpServerDevice]:
    """Make the device description from key=value texts, named as in DeviceInfo."""

    class Renderer(server.UpnpServerDevice):
        DEVICE_DEFINITION = DeviceInfo(
            device_type="urn:schemas-upnp-org:device:MediaRenderer:1",
            manufacturer_url=None,
            model_url=None,
            upc=None,
            presentation_url=None,
            url="/device.xml",
            icons=[],
            xml=ET.Element("device"),
            **dict(text.split("=", 1) for text in texts),
        )
        EMBEDDED_DEVICES = ()
        SERVICES = (Control,)

    return Renderer


async def publish(address: str, port: str, banner: str, *texts: str) -> None:
    """Announce and answer until killed, with this SERVER banner."""
    server.HEADER_SERVER = banner
    web_response.SERVER_SOFTWARE = banner
    renderer = server.UpnpServer(describe(texts), source=(address, 0), http_port=int(port))
    await renderer.async_start()
    await asyncio.Event().wait()


async def look(address: str, target: str) -> None:
    """Ask for a search target and wait for answers."""

    async def heard(headers: object) -> None:
        print(headers)

    await search.async_search(heard, timeout=3, search_target=target, source=(address, 0))


if __name__ == "__main__":
    asyncio.run({"publish": publish, "look": look}[sys.argv[1]](*sys.argv[2:]))
