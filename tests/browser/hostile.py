"""Text as nobody wants it, and the ways in which it comes into the platform."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from alerting_backend.adapters.postgres.connection import owner_connection
from tests.support.platform_process import PlatformProcess
from tests.support.stored import Stored

MARKUP: Final = '<img src=x onerror="window.hostile=1"><script>window.hostile=1</script><b>not bold</b>'
MRKDWN: Final = (
    "*bold* _italic_ ~gone~ `code` <!channel> <https://evil.example|pay here> &amp; [a](javascript:alert(1))"
)
TURNED: Final = "invoice-\u202egnp.exe\u2066 and \u200b nothing \u061c"
EMOJI: Final = "🔥👩‍👩‍👧‍👦🏴‍☠️é" * 12
LONG: Final = "W" * 255
ENDLESS: Final = "M" * 10_000

RUNBOOK: Final = "https://runbooks.example/disk?from=alert"
"""The one address that may be a link."""

NAMES: Final[Mapping[str, str]] = {
    "markup": MARKUP,
    "mrkdwn": MRKDWN,
    "turned": TURNED,
    "emoji": EMOJI[:255],
    "long": LONG,
}
CONTEXT: Final[Mapping[str, str]] = {
    MARKUP: MRKDWN,
    "endless": ENDLESS,
    TURNED: EMOJI,
    LONG: MARKUP,
    "rows": "a\n" * 200,
    "runbook": RUNBOOK,
    "script": "javascript:window.hostile=1",
    "disguised": "https://good.example@evil.example/",
}


class _Rude(BaseHTTPRequestHandler):
    """Refuses every message, with markup."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = f"{MARKUP}{TURNED}{EMOJI}{ENDLESS}".encode()
        self.send_response(400)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it overrides
        """Say nothing."""


@contextmanager
def rude_receiver() -> Iterator[str]:
    """Run a receiver that answers all there is with status 400 and hostile text; yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Rude)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_poison(platform: PlatformProcess) -> None:
    """Write an alert without a name, with hostile text in all else, where the alerts of the platform come in."""
    value = b"".join(_field(number, text.encode()) for number, text in ((1, TURNED), (5, MARKUP)))
    value += b"".join(
        _field(7, _field(1, label.encode()) + _field(2, text.encode())) for label, text in CONTEXT.items()
    )
    with ThreadPoolExecutor(1) as apart:  # The driver of the browser has the event loop of this thread.
        apart.submit(asyncio.run, _append(Stored(platform.data_dir), value)).result()


async def _append(stored: Stored, value: bytes) -> None:
    async with owner_connection(stored.address()) as connection, connection.transaction():
        offset = await connection.fetchval(
            "UPDATE stream_partitions SET next_offset = next_offset + 1"
            " WHERE topic = 'alerts.new' AND partition = 0 RETURNING next_offset - 1"
        )
        await connection.execute(
            'INSERT INTO stream_records (topic, partition, "offset", key, value)'
            " VALUES ('alerts.new', 0, $1, $2, $3)",
            offset, MARKUP.encode(), value,
        )  # fmt: skip


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a protobuf message whose content has a length."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low]) if rest == 0 else bytes([low | 0x80]) + _varint(rest)
