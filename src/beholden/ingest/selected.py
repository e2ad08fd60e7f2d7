"""The packets worth dissecting, as the packet kernels hand them to the dissectors."""

import pyarrow as pa

SELECTED = pa.schema(
    [
        pa.field("protocol", pa.uint8()),  # index into dissect.registry.PROTOCOLS
        pa.field("frame", pa.int64()),  # first frame with this payload from this sender, from 1
        pa.field("n", pa.int64()),  # times the same sender sent the same payload
        pa.field("first_us", pa.int64()),  # microseconds since the epoch, UTC
        pa.field("last_us", pa.int64()),
        pa.field("src_mac", pa.uint64()),  # 48 bits, 0 where the link has none
        pa.field("dst_mac", pa.uint64()),
        pa.field("src_ip", pa.binary(16)),  # IPv4 mapped into ::ffff:0:0/96, all zero where there is none
        pa.field("dst_ip", pa.binary(16)),
        pa.field("src_port", pa.uint16()),
        pa.field("dst_port", pa.uint16()),
        pa.field("flow", pa.int64()),  # number of the flow in this capture, -1 where there is none
        pa.field("from_client", pa.bool_()),  # sent by the side that spoke first
        pa.field("stream_offset", pa.int64()),  # offset of the payload in its TCP stream, -1 for datagrams
        pa.field("payload", pa.large_binary()),
    ]
)
"""One row per distinct datagram of a sender, and per TCP segment near the start of a stream."""
