"""The demo inbox as a real server on free ports of loopback: a receiver for anything that sends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from alerting_backend.demo.inbox import Inbox, MailSink
from alerting_backend.demo.page import INBOX_PATH, inbox_router


@dataclass(frozen=True, slots=True)
class InboxServer:
    """A running inbox, its address for HTTP, and its port for mail."""

    inbox: Inbox
    url: str
    smtp_port: int

    def webhook_url(self, name: str) -> str:
        return f"{self.url}/webhook/{name}"

    def slack_url(self, name: str) -> str:
        return f"{self.url}/slack/{name}"


@asynccontextmanager
async def serve_inbox() -> AsyncIterator[InboxServer]:
    """Run an inbox in this event loop until the block ends."""
    inbox = Inbox()
    app = FastAPI(openapi_url=None)
    app.include_router(inbox_router(inbox, lambda: None))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1_024)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server._serve(sockets=[listener]))  # `serve` would take over Ctrl-C as well.
        try:
            async with MailSink(inbox) as sink:
                yield InboxServer(inbox, f"http://127.0.0.1:{listener.getsockname()[1]}{INBOX_PATH}", sink.port)
        finally:
            server.should_exit = True
            await serving
