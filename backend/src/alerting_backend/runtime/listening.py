"""Listening for HTTP, and ending in order: Ctrl-C and SIGTERM."""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import uvicorn
from starlette.applications import Starlette

from alerting_core.errors import AlertingError

STOP_SECONDS_MAX: Final = 9.5
"""How long an orderly end may take before what is left is cut off; orchestrators kill after 10 s at the least."""

EXIT_AT_ONCE: Final = 130
"""Exit code after a second Ctrl-C, as shells have it for the first."""


class Stop:
    """Whether somebody asked for the end.

    Attributes:
        asked: Set once and for all.
        is_serving: Whether the start is over: before, there is nothing that would have to end in order.
    """

    def __init__(self) -> None:
        """Nobody asked yet."""
        self.asked = asyncio.Event()
        self.is_serving = False

    async def guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work*, which ends by itself soon after `asked` is set; a start under way is broken off then."""
        task = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.asked.wait())
        await asyncio.wait([task, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not task.done() and not self.is_serving:
            task.cancel()
        await asyncio.wait([task], timeout=STOP_SECONDS_MAX)
        if not task.done():
            task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            if not self.asked.is_set():
                raise


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Set *stop* at the first SIGINT or SIGTERM; leave the process at the second."""

    def signalled() -> None:
        if stop.asked.is_set():
            sys.stderr.write("Ended at once. What was under way goes on at the next start.\n")
            sys.stderr.flush()
            os._exit(EXIT_AT_ONCE)
        if sys.stdout.isatty():
            sys.stdout.write("\n")  # After the ^C that the terminal shows.
        stop.asked.set()

    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, signalled)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


BACKLOG: Final = 2_048
"""Connections that wait to be accepted; the system may hold fewer."""

CONNECTIONS_MAX: Final = 2_000
"""Connections and requests at once; beyond it callers get 503 and come again."""

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than Prometheus and most proxies keep an idle connection, so that it is they who close it."""

GRACE_SECONDS: Final = 2
"""How long requests under way may take to end when stopping."""

_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - It is translated, not bound.


class AddressUnusable(AlertingError):
    """Nothing can be listened on where the settings say."""

    code: ClassVar[str] = "address-unusable"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on *host* and *port*; connections wait until somebody serves them.

    Raises:
        AddressUnusable: The address is taken, or not one of this machine's.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        detail = f"ALERTING_HTTP_HOST={host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all"
        raise AddressUnusable(detail) from error
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressUnusable(_why(error, host, port)) from error
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL by which a program on this machine reaches *listener*."""
    host, port = listener.getsockname()[:2]
    host = reachable_host(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def reachable_host(host: str) -> str:
    """Return the address by which this machine reaches itself when it listens on *host*."""
    return _EVERY_ADDRESS.get(host, host)


def _why(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} of {host} is in use by another program: "
                "set ALERTING_HTTP_PORT to another port, or to 0 for a free one"
            )
        case errno.EACCES:
            return f"port {port} needs a privilege: set ALERTING_HTTP_PORT to one from 1024 on"
        case errno.EADDRNOTAVAIL:
            return f"ALERTING_HTTP_HOST={host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all"
        case _:
            return f"cannot listen on ALERTING_HTTP_HOST={host} and ALERTING_HTTP_PORT={port}: {error.strerror}"


class ApiServer(uvicorn.Server):
    """Serves an application on a socket; leaves signals to whoever runs it.

    Attributes:
        ready: Set when requests are served.
    """

    def __init__(self, app: Starlette) -> None:
        """Start nothing yet."""
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                backlog=BACKLOG,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets=sockets)
        self.ready.set()

    def stop(self) -> None:
        """Accept no more, and let the requests under way end."""
        self.should_exit = True
