"""Modbus/TCP (pymodbus): the PLC's registers and the building server that reads them."""

import sys

from pymodbus import ModbusDeviceIdentification
from pymodbus.client import ModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import StartTcpServer


def serve(vendor: str, product: str, revision: str) -> None:
    """Answer until killed."""
    registers = ModbusServerContext(
        devices=ModbusDeviceContext(hr=ModbusSequentialDataBlock(1, [215, 480, 1, 0, 67, 12, 0, 0])),
        single=True,
    )
    who = ModbusDeviceIdentification(
        info_name={"VendorName": vendor, "ProductCode": product, "MajorMinorRevision": revision}
    )
    StartTcpServer(context=registers, identity=who, address=("", 502))


def poll(address: str) -> None:
    """Ask who it is, then read its registers a few times."""
    client = ModbusTcpClient(address, timeout=3)
    if not client.connect():
        raise SystemExit(f"{address}: no answer")
    client.read_device_information(read_code=1)
    for _ in range(4):
        client.read_holding_registers(0, count=4)
    client.close()


if __name__ == "__main__":
    {"serve": serve, "poll": poll}[sys.argv[1]](*sys.argv[2:])
