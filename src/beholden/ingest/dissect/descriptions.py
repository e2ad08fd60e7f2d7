"""Descriptions of devices in XML that they serve by HTTP: who made them, which model, number and firmware.

UPnP Device Architecture 2.0, 2.3; ONVIF Device Management, GetDeviceInformation; ISAPI, System/deviceInfo
(https://github.com/MatrixEditor/hiktools); Roku External Control Protocol, query/device-info.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from beholden.ingest.dissect.markup import elements
from beholden.ingest.dissect.seen import SENDER, Seen


class Form(NamedTuple):
    """One form of description: what its bytes hold, which element is around it, and the property of each within."""

    mark: bytes
    around: str
    members: Mapping[str, str]


_FORMS = (
    Form(
        b"urn:schemas-upnp-org:device",
        "device",
        {
            "manufacturer": "upnp.manufacturer",
            "modelName": "upnp.model_name",
            "modelNumber": "upnp.model_number",
            "modelDescription": "upnp.model_description",
            "friendlyName": "upnp.friendly_name",
            "deviceType": "upnp.device_type",
            "serialNumber": "upnp.serial",
            "firmwareVersion": "upnp.firmware",
        },
    ),
    Form(
        b"GetDeviceInformationResponse",
        "GetDeviceInformationResponse",
        {
            "Manufacturer": "onvif.manufacturer",
            "Model": "onvif.model",
            "FirmwareVersion": "onvif.firmware",
            "SerialNumber": "onvif.serial",
        },
    ),
    Form(
        b"<DeviceInfo",
        "DeviceInfo",
        {
            "deviceType": "isapi.device_type",
            "model": "isapi.model",
            "serialNumber": "isapi.serial",
            "firmwareVersion": "isapi.firmware",
            "manufacturer": "isapi.manufacturer",
        },
    ),
    Form(
        b"<device-info",
        "device-info",
        {
            "vendor-name": "roku.vendor",
            "model-name": "roku.model",
            "model-number": "roku.model_number",
            "serial-number": "roku.serial",
            "software-version": "roku.firmware",
        },
    ),
)


def tell(body: bytes) -> Iterator[Seen] | None:
    """Give what a description says of the device itself, not of its parts; nothing where a body is none."""
    form = next((one for one in _FORMS if one.mark in body), None)
    return _read(form, body) if form else None


def _read(form: Form, body: bytes) -> Iterator[Seen]:
    for element in elements(body):
        if form.around in element.path[:-1] and "deviceList" not in element.path:
            name = form.members.get(element.name)
            if name:
                yield Seen(SENDER, name, element.text)
