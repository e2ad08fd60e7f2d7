"""Which devices the two sides of a flow are, by address and link address."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine
from beholden.engine.schemas import put
from beholden.identify.resolve import Resolved

_SIDES = ("client", "server")
_BETWEEN = " "


class Sides:
    """The device behind each address, with and without the link address that carried it."""

    def __init__(self, engine: Engine, resolved: Resolved) -> None:
        """Take the devices of all addresses that were resolved."""
        held = engine.collect(resolved.subjects)
        held = held.filter(pc.and_(pc.equal(held["subject_kind"], "ip"), pc.is_valid(held["device_id"])))
        self._devices = pa.chunked_array([*held["device_id"].chunks, pa.array([None], pa.string())])
        names = pc.binary_join_element_wise(held["subject"], held["mac"], _BETWEEN).to_pylist()
        self._place = {name: place for place, name in enumerate(names)}

    def said(self, flows: pa.Table) -> pa.Table:
        """Say of each flow which devices its sides are, in client_device_id and server_device_id."""
        for side in _SIDES:
            name = f"{side}_device_id"
            flows = put(flows, name, self._of(flows[f"{side}_ip"], flows[f"{side}_mac"]))
        return flows

    def _of(self, ips: pa.ChunkedArray, macs: pa.ChunkedArray) -> pa.ChunkedArray:
        """Look each distinct pair up once."""
        ip, mac = (pc.fill_null(column, "").combine_chunks().dictionary_encode() for column in (ips, macs))
        n_macs = max(len(mac.dictionary), 1)
        pairs, inverse = np.unique(
            ip.indices.to_numpy().astype(np.int64) * n_macs + mac.indices.to_numpy(), return_inverse=True
        )
        names = pc.binary_join_element_wise(
            ip.dictionary.take(pa.array(pairs // n_macs)),
            mac.dictionary.take(pa.array(pairs % n_macs)),
            _BETWEEN,
        )
        unknown = len(self._devices) - 1
        place = np.array([self._place.get(name, unknown) for name in names.to_pylist()], np.int64)
        return self._devices.take(pa.array(place[inverse]))
