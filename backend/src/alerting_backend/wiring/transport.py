"""The transports of deliveries, as the settings say."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_backend.adapters.transport.router import EmailSender, TransportRouter
from alerting_backend.settings import Settings
from alerting_backend.wiring.mail import open_mail
from alerting_core.domain.message import EmailMessage, Reply
from alerting_core.ports.transport import Transport

_log = structlog.get_logger("alerting.mail")


@dataclass(frozen=True, slots=True)
class LocalMail:
    """Who takes mail to a domain of this process's own."""

    domain: str
    sender: EmailSender


@dataclass(frozen=True, slots=True)
class _MailRouter:
    local: LocalMail
    others: EmailSender

    async def send(self, message: EmailMessage) -> Reply:
        is_local = message.to.endswith(f"@{self.local.domain}")
        return await (self.local.sender if is_local else self.others).send(message)


@asynccontextmanager
async def open_transport(
    settings: Settings, *, networks: Collection[str] = (), local_mail: LocalMail | None = None
) -> AsyncIterator[Transport]:
    """Open the transports, and close them on leaving.

    Args:
        settings: Name the providers of mail.
        networks: Special networks that may be reached, unless the settings name some.
        local_mail: Takes mail to its own domain, and all mail when the settings name no provider.

    Raises:
        SettingsInvalid: A provider of mail cannot work as it is set.
    """
    allowed = settings.delivery_allowed_networks
    policy = AddressPolicy.allowing(networks if allowed is None else allowed)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(HttpTransport(policy))
        email: EmailSender | None = await stack.enter_async_context(open_mail(settings))
        if email is None and local_mail is None:
            _log.info("mail_providers", order="none", why="neither ALERTING_SMTP_HOST nor ALERTING_SES_REGION is set")
        if local_mail is not None:
            email = _MailRouter(local_mail, email or local_mail.sender)
        yield TransportRouter(http, email)
