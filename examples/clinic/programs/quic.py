"""HTTP/3 over QUIC with aioquic: a server outside, a client inside."""

import asyncio
import ssl
import sys
from typing import ClassVar

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent


class Web(QuicConnectionProtocol):
    """Both ends: the server answers requests, the client notes the end of its answer."""

    is_client: ClassVar[bool] = False
    http: H3Connection | None = None
    done: asyncio.Event | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        """Hand packets to HTTP/3 once it is agreed upon."""
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
        if self.http:
            for told in self.http.handle_event(event):
                self._take(told)
            self.transmit()

    def _take(self, told: H3Event) -> None:
        if self.is_client:
            if isinstance(told, DataReceived) and told.stream_ended and self.done:
                self.done.set()
        elif isinstance(told, HeadersReceived) and self.http:
            self.http.send_headers(told.stream_id, [(b":status", b"200"), (b"server", b"h3")])
            self.http.send_data(told.stream_id, b"hello\n" * 50, end_stream=True)


class Asker(Web):
    """The client end."""

    is_client = True


async def answer(address: str, certificate: str, key: str) -> None:
    """Serve until killed."""
    settings = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    settings.load_cert_chain(certificate, key)
    await serve(address, 443, configuration=settings, create_protocol=Web)
    await asyncio.Event().wait()


async def ask(name: str) -> None:
    """Fetch one page."""
    settings = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name, verify_mode=ssl.CERT_NONE)
    async with connect(name, 443, configuration=settings, create_protocol=Asker) as client:
        assert isinstance(client, Asker)  # noqa: S101
        client.done = asyncio.Event()
        assert client.http  # noqa: S101
        stream = client._quic.get_next_available_stream_id()  # noqa: SLF001
        head = {
            ":method": "GET",
            ":scheme": "https",
            ":authority": name,
            ":path": "/",
            "user-agent": "Mozilla/5.0",
        }
        client.http.send_headers(stream, [(k.encode(), v.encode()) for k, v in head.items()], end_stream=True)
        client.transmit()
        await asyncio.wait_for(client.done.wait(), 5)


if __name__ == "__main__":
    asyncio.run({"answer": answer, "ask": ask}[sys.argv[1]](*sys.argv[2:]))
