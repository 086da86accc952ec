"""Who carries mail, as the settings say."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from alerting_backend.adapters.transport.mail_transport import MailTransport
from alerting_backend.adapters.transport.providers import MailProvider, MailProviders
from alerting_backend.adapters.transport.ses import SesTransport
from alerting_backend.adapters.transport.smtp import SmtpSecurity, SmtpServer, SmtpTransport
from alerting_backend.settings import EmailProviderName, Settings, SettingsInvalid

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
    if not isinstance(provider.transport, SesTransport):
        return
    try:
        missing = await provider.transport.prepare()
    except ValueError as error:
        raise _invalid("ses", error) from None
    if missing is not None:
        mend = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role that may ses:SendEmail"
        _log.warning("mail_provider_not_ready", provider=provider.name, why=missing, mend_it=mend)


def _smtp(settings: Settings) -> SmtpTransport:
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


def _ses(settings: Settings) -> SesTransport:
    sender = settings.ses_from or settings.smtp_from
    assert settings.ses_region is not None
    assert sender is not None, "the settings were checked"
    return SesTransport(
        sender=sender,
        region=settings.ses_region,
        endpoint_url=settings.ses_endpoint,
        per_second=settings.ses_per_second,
    )


def _invalid(name: EmailProviderName, error: ValueError) -> SettingsInvalid:
    setting = {"smtp": "ALERTING_SMTP_FROM", "ses": "ALERTING_SES_REGION"}[name]
    return SettingsInvalid([f"{setting} sets up mail in a way that cannot work: {error}"])
