"""The transports of deliveries, who carries mail among them, as the settings say."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog

from alerting_backend.adapters.transport import addresses, ses, smtp
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_backend.adapters.transport.mail import MailTransport
from alerting_backend.adapters.transport.providers import MailProvider, MailProviders
from alerting_backend.settings import EmailProviderName, Settings, SettingsInvalid
from alerting_core.domain import claim, delivery
from alerting_core.ports.delivery import Transport


class HttpSender(Protocol):
    """Sends HTTP messages, with the promises of `Transport`."""

    async def send(self, message: claim.HttpMessage) -> claim.Reply:
        """Make one attempt."""
        ...


class EmailSender(Protocol):
    """Sends e-mail, with the promises of `Transport`."""

    async def send(self, message: claim.EmailMessage) -> claim.Reply:
        """Make one attempt."""
        ...


class TransportRouter:
    """Sends every kind of message. Opening and closing what it routes to stays with whoever made it.

    Args:
        http: For webhooks and Slack.
        email: For mail; None when the operator has set up no provider.
    """

    def __init__(self, http: HttpSender, email: EmailSender | None) -> None:
        """Route to *http* and *email*."""
        self._http = http
        self._email = email

    async def send(self, message: claim.Message) -> claim.Reply:
        """Make one attempt; see `Transport.send`."""
        match message:
            case claim.HttpMessage():
                return await self._http.send(message)
            case claim.EmailMessage():
                if self._email is None:
                    return claim.Unreached(delivery.Reason.NOT_CONFIGURED, "no provider of mail is set up")
                return await self._email.send(message)
            case _:
                assert_never(message)


_log = structlog.get_logger("alerting.mail")


def provider_order(settings: Settings) -> Sequence[EmailProviderName]:
    """Return the providers in the order in which they are asked; none when none is set up."""
    if settings.email_providers:
        return settings.email_providers
    if settings.smtp_host is not None:
        return ["smtp"]
    return ["ses"] if settings.ses_region is not None else []


@asynccontextmanager
async def open_mail(settings: Settings) -> AsyncIterator[MailProviders | None]:
    """Open the transports of mail, and close them on leaving; None when no provider is set up.

    Raises:
        SettingsInvalid: A provider cannot work as it is set.
    """
    order = provider_order(settings)
    if not order:
        yield None
        return
    providers = [MailProvider(name, _transport(name, settings)) for name in order]
    async with MailProviders(providers) as mail:
        for provider in providers:
            await _prepare(provider)
        _log.info("mail_providers", order=",".join(mail.names))
        yield mail


def _transport(name: EmailProviderName, settings: Settings) -> MailTransport:
    try:
        return _smtp(settings) if name == "smtp" else _ses(settings)
    except ValueError as error:
        raise _invalid(name, error) from None


async def _prepare(provider: MailProvider) -> None:
    if not isinstance(provider.transport, ses.SesTransport):
        return
    try:
        missing = await provider.transport.prepare()
    except ValueError as error:
        raise _invalid("ses", error) from None
    if missing is not None:
        remedy = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role that may ses:SendEmail"
        _log.warning("mail_provider_not_ready", provider=provider.name, why=missing, mend_it=remedy)


def _smtp(settings: Settings) -> smtp.SmtpTransport:
    assert settings.smtp_host is not None
    assert settings.smtp_from is not None, "the settings were checked"
    server = smtp.SmtpServer(
        settings.smtp_host,
        settings.smtp_port,
        smtp.SmtpSecurity(settings.smtp_security),
        settings.smtp_user,
        settings.smtp_password,
    )
    return smtp.SmtpTransport(
        server, sender=settings.smtp_from, greets_as=settings.smtp_hello, per_second=settings.smtp_per_second
    )


def _ses(settings: Settings) -> ses.SesTransport:
    sender = settings.ses_from or settings.smtp_from
    assert settings.ses_region is not None
    assert sender is not None, "the settings were checked"
    return ses.SesTransport(
        sender=sender,
        region=settings.ses_region,
        endpoint_url=settings.ses_endpoint,
        per_second=settings.ses_per_second,
    )


def _invalid(name: EmailProviderName, error: ValueError) -> SettingsInvalid:
    setting = {"smtp": "ALERTING_SMTP_FROM", "ses": "ALERTING_SES_REGION"}[name]
    return SettingsInvalid([f"{setting} sets up mail in a way that cannot work: {error}"])


@dataclass(frozen=True, slots=True)
class LocalMail:
    """Who takes mail to a domain of this process's own."""

    domain: str
    sender: EmailSender


@dataclass(frozen=True, slots=True)
class _MailRouter:
    local: LocalMail
    others: EmailSender

    async def send(self, message: claim.EmailMessage) -> claim.Reply:
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
    policy = addresses.AddressPolicy.allowing(networks if allowed is None else allowed)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(HttpTransport(policy))
        email: EmailSender | None = await stack.enter_async_context(open_mail(settings))
        if email is None and local_mail is None:
            _log.info("mail_providers", order="none", why="neither ALERTING_SMTP_HOST nor ALERTING_SES_REGION is set")
        if local_mail is not None:
            email = _MailRouter(local_mail, email or local_mail.sender)
        yield TransportRouter(http, email)
