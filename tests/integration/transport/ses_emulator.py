"""An emulator of Amazon SES that speaks its HTTP, and what it has taken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer
from moto.ses.models import ses_backends

_ACCOUNT = "123456789012"
"""The account that the emulator gives to everybody."""


@contextmanager
def ses_emulator() -> Iterator[str]:
    """Run an emulator on a free port; yield its address. Credentials must be in the environment, whichever."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def verify_sender(url: str, address: str, *, region: str) -> None:
    """Let *address* send mails from now on."""
    client = boto3.Session().client("sesv2", region_name=region, endpoint_url=url)
    client.create_email_identity(EmailIdentity=address)
    client.close()


def forget_all(region: str) -> None:
    """Forget the senders and mails of *region*."""
    ses_backends[_ACCOUNT][region].reset()


def taken_in(region: str) -> Sequence[Any]:
    """Return the mails that were taken in *region*, in order."""
    taken: Sequence[Any] = ses_backends[_ACCOUNT][region].sent_messages
    return taken
