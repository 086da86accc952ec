"""The transports of deliveries, as the settings say."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_backend.adapters.transport.router import EmailSender, TransportRouter
from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_backend.settings import Settings
from alerting_core.domain.message import EmailMessage, Reply
from alerting_core.ports.transport import Transport


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
        settings: Name the mail server.
        networks: Special networks that may be reached, unless the settings name some.
        local_mail: Takes mail to its own domain, and all mail when the settings name no mail server.
    """
    allowed = settings.delivery_allowed_networks
    policy = AddressPolicy.allowing(networks if allowed is None else allowed)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(HttpTransport(policy))
        email: EmailSender | None = None
        if settings.smtp_host is not None:
            email = await stack.enter_async_context(_mail_transport(settings))
        if local_mail is not None:
            email = _MailRouter(local_mail, email or local_mail.sender)
        yield TransportRouter(http, email)


def _mail_transport(settings: Settings) -> SmtpTransport:
    assert settings.smtp_host is not None
    assert settings.smtp_from is not None, "the settings were checked"
    server = SmtpServer(
        settings.smtp_host,
        settings.smtp_port,
        SmtpSecurity(settings.smtp_security),
        settings.smtp_user,
        settings.smtp_password,
    )
    return SmtpTransport(server, sender=settings.smtp_from, per_second=settings.smtp_per_second)
