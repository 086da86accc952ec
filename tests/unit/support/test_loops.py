"""Connections that are being closed at the end of a test are closed before the next test."""

import asyncio
import gc
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.loops import SettlingLoop
from tests.support.servers.identity import Identity


@dataclass(frozen=True, slots=True)
class SlowServer:
    """A server of one connection with TLS that says goodbye only when it is told to."""

    port: int
    trust: ssl.SSLContext
    goodbye: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def slow_server(tmp_path: Path) -> Iterator[tuple[SlowServer, Future[None]]]:
    identity = Identity(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(identity.certificates, identity.key)
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        trust = ssl.create_default_context(cafile=str(identity.ca_file))
        server = SlowServer(listener.getsockname()[1], trust)

        def serve() -> None:
            with served.wrap_socket(listener.accept()[0], server_side=True) as connection:
                connection.sendall(b"no\n")
                assert server.goodbye.wait(10)
                connection.unwrap()

        try:
            yield server, threads.submit(serve)
        finally:
            server.goodbye.set()


async def _hear_no(server: SlowServer) -> None:
    """Hear the refusal and turn away; the server's goodbye comes when this has returned."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=server.trust)
    assert await reader.readline() == b"no\n"
    writer.close()
    asyncio.get_running_loop().call_later(0, server.goodbye.set)


def _warnings_after(loop: asyncio.AbstractEventLoop, server: SlowServer) -> list[str]:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        loop.run_until_complete(_hear_no(server))
        loop.close()
        gc.collect()
    return [str(warning.message) for warning in heard if warning.category is ResourceWarning]


def test_a_loop_closes_when_the_goodbye_of_a_server_has_come(slow_server: tuple[SlowServer, Future[None]]) -> None:
    server, served = slow_server
    assert not _warnings_after(SettlingLoop(), server)
    served.result(10)


def test_a_plain_loop_leaves_the_connection_open(slow_server: tuple[SlowServer, Future[None]]) -> None:
    server, _ = slow_server
    assert any("unclosed transport" in said for said in _warnings_after(asyncio.SelectorEventLoop(), server))


async def test_async_tests_run_on_such_a_loop() -> None:
    assert isinstance(asyncio.get_running_loop(), SettlingLoop)
