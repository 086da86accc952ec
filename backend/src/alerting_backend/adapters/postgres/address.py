"""Where a Postgres is, and how the roles of the platform log in to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

OWNER: Final = "postgres"
"""Who owns everything in the embedded Postgres."""


class Role(StrEnum):
    """Who connects. None of them owns a table or can bypass row-level security."""

    API = "alerting_api"
    """Serves clients' keys: sees one client per transaction."""
    ADMIN = "alerting_admin"
    """Serves operators' keys: sees all clients."""
    WORKER = "alerting_worker"
    """Runs the pipeline."""


@dataclass(frozen=True, slots=True)
class Address:
    """One database.

    Attributes:
        dsn: `postgresql://` URL of the owner of the schema, who runs the migrations. The roles use the same server and
            database.
        passwords: Of the roles; none where the server trusts whoever can reach its socket.
    """

    dsn: str = field(repr=False)
    passwords: Mapping[Role, str] = field(default_factory=dict[Role, str], repr=False)

    @classmethod
    def of_socket(cls, folder: Path, *, port: int, database: str) -> "Address":
        """Return the address of a server that listens on a Unix socket in *folder* and trusts whoever reaches it."""
        query = urlencode({"host": str(folder), "port": port}, quote_via=quote)
        return cls(f"postgresql://{OWNER}@/{quote(database, safe='')}?{query}")

    def log_in(self, role: Role | None) -> Mapping[str, Any]:
        """Return the driver's arguments to connect as *role*, or as the owner for None."""
        if role is None:
            return {"dsn": self.dsn}
        # An empty password, not None: the owner's in the DSN must not be tried for another role.
        return {"dsn": self.dsn, "user": str(role), "password": self.passwords.get(role, "")}
