"""The demo: an inbox, endpoints that lead to it, and a few alerts, so that a newcomer sees notifications arrive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import structlog
from fastapi import APIRouter

from alerting_backend.adapters.postgres.catalog.bulk import PgBulkLoader
from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_backend.demo.data import ALERTS, MAIL_DOMAIN, DemoAlert, DemoLoader
from alerting_backend.demo.inbox import Inbox
from alerting_backend.demo.mail_sink import MailSink
from alerting_backend.demo.page import ALERTS_MINUTES, INBOX_PATH, inbox_router
from alerting_backend.settings import Settings
from alerting_backend.wiring.ports import PostgresPorts
from alerting_backend.wiring.transport import LocalMail
from alerting_core.app.alerts import AlertDraft
from alerting_core.app.application import Application
from alerting_core.errors import PortUnavailable
from alerting_core.stages.loop import pause

ALERT_EVERY_MS: Final = 4_000
"""Between two alerts: time to see what each of them leads to."""

ALERTS_SENT: Final = ALERTS_MINUTES * 60_000 // ALERT_EVERY_MS
"""Alerts of the first start, and of each press of the inbox's button; then it is quiet."""

_SENDER: Final = f"Alerting <alerts@{MAIL_DOMAIN}>"

_log = structlog.get_logger("alerting.demo")


class DemoAlerts:
    """Sends the demo's alerts to the platform, one by one, for as long as some are left."""

    def __init__(self, use: Application, *, begun: bool) -> None:
        """Send to *use*: from the start on when it has *begun*, else from the first call of `begin`."""
        self._use = use
        self._left = ALERTS_SENT if begun else 0

    def begin(self) -> None:
        """Have `ALERTS_SENT` more sent from now on; those that were left count among them."""
        self._left = ALERTS_SENT

    async def run(self, stop: asyncio.Event) -> None:
        """Send until *stop* is set."""
        alerts = cycle(ALERTS)
        while not stop.is_set():
            if self._left:
                self._left -= 1
                await self._send(next(alerts))
            await pause(stop, ALERT_EVERY_MS)

    async def _send(self, alert: DemoAlert) -> None:
        try:
            await self._use.intake.submit([AlertDraft(alert.severity, alert.source, alert.name, alert.context)])
        except PortUnavailable as error:
            _log.warning("demo_alert_not_sent", code=error.code)


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo of this start.

    Attributes:
        alerts: What is sent to the platform.
        router: The inbox over HTTP.
        mail: Takes mail to the demo's addresses.
        url: Where the inbox is to be looked at.
        was_loaded: Whether this start put it into the database.
    """

    alerts: DemoAlerts
    router: APIRouter
    mail: LocalMail
    url: str
    was_loaded: bool


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
        alerts = DemoAlerts(use, begun=was_loaded)
        yield Demo(alerts, inbox_router(inbox, alerts.begin), LocalMail(MAIL_DOMAIN, to_sink), inbox_url, was_loaded)
