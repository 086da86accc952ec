"""Lists of alerts with a life."""

import pytest

from alerting_core.domain.alert import Alert, AlertLife, AlertStatus
from alerting_core.memory.clients import MemoryClientStore
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.history import MemoryAlertLog
from alerting_core.ports.catalog import PageRequest
from alerting_core.ports.history import AlertAccess, AlertFilter
from tests.support.catalog import NOW_MS, make_client
from tests.support.pipeline import make_alert

FIRING = AlertLife("f", 1)
RESOLVED = AlertLife("f", 2, AlertStatus.RESOLVED, NOW_MS // 1_000)


def made() -> list[Alert]:
    """Return an event, two alerts that fire, one of them private, and one that is resolved."""
    return [
        make_alert("event"),
        make_alert("fires", life=FIRING),
        make_alert("over", life=RESOLVED),
        make_alert("own", life=FIRING, owner="acme"),
    ]


@pytest.mark.parametrize("access", [AlertAccess(None), AlertAccess("acme")], ids=["operator", "client"])
async def test_a_list_may_be_narrowed_to_alerts_that_fire_or_are_resolved(access: AlertAccess) -> None:
    database = MemoryDatabase()
    log = MemoryAlertLog(database)
    await MemoryClientStore(database).create(make_client("acme"))
    await log.record(made(), now_ms=NOW_MS)

    async def listed(status: AlertStatus | None, owner: str | None = None, source: str | None = None) -> list[str]:
        where = AlertFilter(status=status, owner=owner, source=source)
        return sorted(stored.alert.alert_id for stored in (await log.list(access, PageRequest(10), where)).items)

    assert await listed(AlertStatus.FIRING) == ["fires", "own"]
    assert await listed(AlertStatus.FIRING, owner="") == ["fires"]
    assert await listed(AlertStatus.RESOLVED) == ["over"]
    assert await listed(AlertStatus.RESOLVED, source="another") == []
    assert len(await listed(None)) == 4
