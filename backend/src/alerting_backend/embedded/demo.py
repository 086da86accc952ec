"""The demo: an inbox, endpoints that lead to it, and a few alerts, so that a newcomer sees notifications arrive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

import structlog
from fastapi import APIRouter

from alerting_backend.adapters.postgres.catalog.bulk import PgBulkLoader
from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_backend.demo.inbox import Inbox
from alerting_backend.demo.mail_sink import MailSink
from alerting_backend.demo.routes import INBOX_PATH, inbox_router
from alerting_backend.embedded.demo_data import ALERTS, MAIL_DOMAIN
from alerting_backend.embedded.demo_load import DemoLoader
from alerting_backend.settings import Settings
from alerting_backend.wiring.ports import PostgresPorts
from alerting_backend.wiring.transport import LocalMail
from alerting_core.app.application import Application
from alerting_core.app.submit import AlertDraft
from alerting_core.errors import PortUnavailable
from alerting_core.pipeline.loop import pause

ALERTS_SENT: Final = 45
"""Alerts of the first start: enough to look around, and then it is quiet."""

ALERT_EVERY_MS: Final = 4_000
"""Between two of them; all together take three minutes."""

_SENDER: Final = f"Alerting <alerts@{MAIL_DOMAIN}>"

_log = structlog.get_logger("alerting.demo")


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo of this start.

    Attributes:
        was_loaded: Whether this start put it into the database.
        url: Where the inbox is to be looked at.
        mail: Takes mail to the demo's addresses.
    """

    use: Application
    router: APIRouter
    mail: LocalMail
    url: str
    was_loaded: bool

    async def send_alerts(self, stop: asyncio.Event) -> None:
        """Send a few alerts after the first start, one now and then; after that, and at later starts, none."""
        if not self.was_loaded:
            return
        for alert in islice(cycle(ALERTS), ALERTS_SENT):
            if stop.is_set():
                return
            try:
                await self.use.intake.submit([AlertDraft(alert.severity, alert.source, alert.name, alert.context)])
            except PortUnavailable as error:
                _log.warning("demo_alert_not_sent", code=error.code)
            await pause(stop, ALERT_EVERY_MS)
        _log.info("demo_alerts_ended", sent=ALERTS_SENT)


@asynccontextmanager
async def open_demo(
    settings: Settings, ports: PostgresPorts, use: Application, *, url: str
) -> AsyncIterator[Demo | None]:
    """Open the inbox, and load the demo into an empty database; None when the settings want no demo."""
    if not settings.demo:
        yield None
        return
    inbox, inbox_url = Inbox(), url + INBOX_PATH
    application = ports.application
    loader = DemoLoader(use, PgBulkLoader(ports.pools), application.clock, application.ids, inbox_url=inbox_url)
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(MailSink(inbox))
        server = SmtpServer(sink.host, sink.port, SmtpSecurity.NONE)
        to_sink = await stack.enter_async_context(SmtpTransport(server, sender=_SENDER, per_second=0))
        was_loaded = await loader.load()
        await loader.open_inbox(inbox)
        yield Demo(use, inbox_router(inbox), LocalMail(MAIL_DOMAIN, to_sink), inbox_url, was_loaded)
