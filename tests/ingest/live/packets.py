"""Small captures, and who sends them."""

import socket
import struct
import threading

HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def record(number, size=60):
    """Give a record with a broadcast frame that says its number."""
    frame = b"\xff" * 6 + bytes((2, 0, 0, 0, 0, 1)) + b"\x88\xb5" + struct.pack(">I", number)
    frame = frame.ljust(size, b"\0")
    return struct.pack("<IIII", 1_700_000_000 + number, 0, len(frame), len(frame)) + frame


def frames(data):
    """Split a pcap file of this machine's byte order into its frames."""
    found, at = [], 24
    while at < len(data):
        (length,) = struct.unpack_from("=I", data, at + 8)
        found.append(data[at + 16 : at + 16 + length])
        at += 16 + length
    return found


class Sender:
    """Listens on 127.0.0.1 and sends each who connects one list of pieces, then hangs up (or waits for `release`)."""

    def __init__(self, *talks, holds=False):
        self._server = socket.create_server(("127.0.0.1", 0))
        self._talks, self._holds = list(talks), holds
        self.release = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"tcp://127.0.0.1:{self._server.getsockname()[1]}"

    def _serve(self):
        for number, talk in enumerate(self._talks):
            connection, _ = self._server.accept()
            with connection:
                for piece in talk:
                    connection.sendall(piece)
                if self._holds and number == 0:
                    self.release.wait(60)

    def close(self):
        self.release.set()
        self._thread.join(5)
        self._server.close()
