"""The composition root: from settings to a platform that runs.

Order of the start: socket, database, schema, pools, transports, first key, demo, then all that runs, side by side.
Order of the end: the pipeline first, which lets deliveries under way end and records them, while the inbox of the demo
still takes them; then the API; then pools and database. What is accepted meanwhile is durable, and waits for the next
start. Anything that fails as only a bug can, ends everything: a platform that limps on loses what nobody looks for.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import cycle
from typing import Final

import structlog
from fastapi import APIRouter

from alerting_backend.adapters.postgres import connection, schema
from alerting_backend.adapters.postgres.ports import PostgresPorts
from alerting_backend.adapters.postgres.presence import present
from alerting_backend.adapters.transport import addresses, smtp
from alerting_backend.api.app import create_app, make_container
from alerting_backend.demo import data, page
from alerting_backend.demo.inbox import Inbox, MailSink
from alerting_backend.runtime import background, listening, reporting
from alerting_backend.settings import Settings
from alerting_backend.wiring.dependencies import Health, delivery_policy, open_database, watch_server
from alerting_backend.wiring.transport import LocalMail, open_transport
from alerting_core import errors, topology
from alerting_core.app.application import Application
from alerting_core.app.intake import AlertDraft
from alerting_core.stages import loop, wiring
from alerting_core.stages.meter import StageMeter

ALERT_EVERY_MS: Final = 4_000
"""Between two alerts: time to see what each of them leads to."""

ALERTS_SENT: Final = page.ALERTS_MINUTES * 60_000 // ALERT_EVERY_MS
"""Alerts of the first start, and of each press of the inbox's button; then it is quiet."""

_SENDER: Final = f"Alerting <alerts@{data.MAIL_DOMAIN}>"

_log_demo = structlog.get_logger("alerting.demo")


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
        alerts = cycle(data.ALERTS)
        while not stop.is_set():
            if self._left:
                self._left -= 1
                await self._send(next(alerts))
            await loop.pause(stop, ALERT_EVERY_MS)

    async def _send(self, alert: data.DemoAlert) -> None:
        try:
            draft = AlertDraft(alert.severity, alert.source, alert.name, alert.context, alert.annotations)
            await self._use.intake.submit(None, [draft])
        except errors.PortUnavailable as error:
            _log_demo.warning("demo_alert_not_sent", code=error.code)


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
    inbox, inbox_url = Inbox(), url + page.INBOX_PATH
    application = ports.application
    loader = data.DemoLoader(use, ports.bulk_loader(), application.clock, application.ids, inbox_url=inbox_url)
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(MailSink(inbox))
        server = smtp.SmtpServer(sink.host, sink.port, smtp.SmtpSecurity.NONE)
        to_sink = await stack.enter_async_context(smtp.SmtpTransport(server, sender=_SENDER, per_second=0))
        was_loaded = await loader.load()
        await loader.open_inbox(inbox)
        alerts = DemoAlerts(use, begun=was_loaded)
        yield Demo(
            alerts, page.inbox_router(inbox, alerts.begin), LocalMail(data.MAIL_DOMAIN, to_sink), inbox_url, was_loaded
        )


_log_platform = structlog.get_logger("alerting.platform")


@dataclass(frozen=True, slots=True)
class Started:
    """What a person wants to know of a platform that is ready.

    Attributes:
        new_key: The admin key that was made at this start, to be shown this once.
    """

    url: str
    demo: Demo | None
    new_key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom the start is told to.

    Attributes:
        told: Told in words what takes its time, perhaps from another thread.
        step: Told before each step of the migrations.
        ready: Told when everything runs.
    """

    told: Callable[[str], None]
    step: schema.Progress
    ready: Callable[[Started], None]


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: Settings
    ports: PostgresPorts
    pipeline: topology.Pipeline
    health: Health
    meter: StageMeter
    instance: str
    server: listening.ApiServer
    listener: socket.socket
    demo: Demo | None
    new_key: str | None = field(repr=False)


async def run_platform(settings: Settings, stop: listening.Stop, audience: Audience) -> None:
    """Run the platform until *stop* is asked for.

    Raises:
        AlertingError: It cannot be started; the detail says what to do.
        BaseExceptionGroup: Something of it failed while it ran.
    """
    async with _make(settings, audience) as parts:
        await _run(parts, stop, audience)


@asynccontextmanager
async def _make(settings: Settings, audience: Audience) -> AsyncIterator[_Parts]:
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(closing(listening.listen(settings.http_host, settings.http_port)))
        address = await stack.enter_async_context(open_database(settings, told=audience.told, step=audience.step))
        pools = await stack.enter_async_context(connection.open_pools(address))
        ports = PostgresPorts.on(pools)
        use = Application.on(ports.application, placeholders=settings.placeholder_domains)
        new_key = await use.keys.ensure_admin_key(settings.admin_key)
        demo = await stack.enter_async_context(open_demo(settings, ports, use, url=listening.url_of(listener)))
        transport = await stack.enter_async_context(
            open_transport(settings, networks=_networks(listener), local_mail=demo.mail if demo else None)
        )
        presence = await stack.enter_async_context(present(address))
        pipeline = topology.Pipeline(
            ports.pipeline(transport, presence),
            wiring.Tuning(policy=delivery_policy(settings), placeholders=settings.placeholder_domains),
        )
        health, meter = Health(pools, pipeline), StageMeter()
        app = create_app(make_container(ports, settings, stages=meter, checks=health.checks()))
        if demo is not None:
            app.include_router(demo.router)
            _warn_of_inbox(settings, listener)
        yield _Parts(
            settings=settings,
            ports=ports,
            pipeline=pipeline,
            health=health,
            meter=meter,
            instance=reporting.instance_name(),
            server=listening.ApiServer(app),
            listener=listener,
            demo=demo,
            new_key=new_key,
        )


def _warn_of_inbox(settings: Settings, listener: socket.socket) -> None:
    host = str(listener.getsockname()[0])
    if not ip_address(host).is_loopback:
        _log_platform.warning("demo_inbox_open", why="all who reach the port can read it", close_it="ALERTING_DEMO=0")
    allowed = settings.delivery_allowed_networks
    if (
        allowed is not None
        and addresses.AddressPolicy.allowing(allowed).why_forbidden(listening.reachable_host(host)) is not None
    ):
        add = f"add {listening.reachable_host(host)} to ALERTING_DELIVERY_ALLOWED_NETWORKS"
        _log_platform.warning("demo_inbox_unreachable", why="deliveries may not go there", mend_it=add)


def _networks(listener: socket.socket) -> tuple[str, ...]:
    """Return what deliveries may reach unless it is set: this machine, and so the inbox of the demo."""
    host = str(listener.getsockname()[0])
    return ("127.0.0.0/8", "::1/128", *(() if host in {"0.0.0.0", "::"} else (host,)))  # noqa: S104 - Not bound here.


async def _run(parts: _Parts, stop: listening.Stop, audience: Audience) -> None:
    clock, ended = parts.ports.application.clock, stop.asked
    told = reporting.StageLog(
        parts.meter,
        clock,
        instance=parts.instance,
        every_s=reporting.REPORT_EVERY_S[parts.settings.log_format],
        together=parts.settings.log_format == "console",
    )
    retention = background.Retention.of(parts.settings)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.server.serve(sockets=[parts.listener]), name="api")
        await parts.server.ready.wait()
        pipeline = tasks.create_task(
            parts.pipeline.run(stop=ended, on_report=told.on_report, on_failure=told.on_failure), name="pipeline"
        )
        parts.health.pipeline_runs = True
        beside = [
            told.emit(ended),
            reporting.measure_lag(parts.pipeline.stages, parts.meter, clock, instance=parts.instance, stop=ended),
            background.Janitor(parts.ports.stores.retention(has_relay=False), clock, retention).run(ended),
            background.JobRunner(parts.ports.jobs(), parts.ports.application.sink, clock).run(ended),
            _announce(parts, stop, audience),
        ]
        if parts.settings.postgres_dsn is None:
            beside.append(watch_server(parts.settings.data_dir, ended))
        if parts.demo is not None:
            beside.append(parts.demo.alerts.run(ended))
        for work in beside:
            tasks.create_task(work)
        stop.is_serving = True
        await ended.wait()
        _log_platform.info("platform_stopping")
        parts.health.pipeline_runs = False
        await pipeline
        told.flush()
        parts.server.stop()


async def _announce(parts: _Parts, stop: listening.Stop, audience: Audience) -> None:
    ready = asyncio.ensure_future(parts.health.wait_until_ready())
    asked = asyncio.ensure_future(stop.asked.wait())
    await asyncio.wait([ready, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if ready.done():
        audience.ready(Started(url=listening.url_of(parts.listener), demo=parts.demo, new_key=parts.new_key))
    ready.cancel()
