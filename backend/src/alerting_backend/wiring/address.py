"""Where the database is that the settings name."""

from alerting_backend.adapters.postgres.address import Address, Role
from alerting_backend.settings import Settings


def address_set_in(settings: Settings) -> Address | None:
    """Return the address of the operator's own Postgres; None: the embedded one is used."""
    if settings.postgres_dsn is None:
        return None
    passwords = {
        Role.API: settings.postgres_api_password,
        Role.ADMIN: settings.postgres_admin_password,
        Role.WORKER: settings.postgres_worker_password,
    }
    return Address(settings.postgres_dsn, {role: given for role, given in passwords.items() if given is not None})
