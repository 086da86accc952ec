"""A Redis server that lets in nobody without a password, on one port with TLS and on another without."""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from tests.support.install.redis import RedisProgram
from tests.support.servers.identity import Identity
from tests.support.servers.process import free_ports
from tests.support.servers.redis import RedisServer

PASSWORD: Final = "secret"


class SecureRedisServer(RedisServer):
    """A server with a certificate.

    Attributes:
        identity: The certificate.
    """

    def __init__(self, folder: Path, program: RedisProgram) -> None:
        self.identity = Identity(folder)
        plain, self._tls_port = free_ports(2)
        super().__init__(folder, program, port=plain)

    def tls_url(self, password: str | None, *, ca_file: Path | None = None) -> str:
        """Return the address of its first database; the right authority is trusted unless *ca_file* is another."""
        trusted = urlencode({"ssl_ca_certs": str(ca_file or self.identity.ca_file)})
        login = "" if password is None else f":{password}@"
        return f"rediss://{login}127.0.0.1:{self._tls_port}/0?{trusted}"

    def command(self) -> Sequence[str | Path]:
        tls = {
            "tls-port": str(self._tls_port),
            "tls-cert-file": str(self.identity.certificates),
            "tls-key-file": str(self.identity.key),
            "tls-auth-clients": "no",
            "requirepass": PASSWORD,
        }
        return [*super().command(), *(part for name, value in tls.items() for part in (f"--{name}", value))]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._tls_port), timeout=1):
                return True
        except OSError:
            return False
