"""`alerting testdata`: clients, rules and endpoints by the hundred thousand."""

import asyncio
import time
from collections.abc import Callable, Iterator

from alerting_backend.adapters.postgres.catalog.bulk import PgBulkLoader
from alerting_backend.adapters.postgres.migrate import migrate
from alerting_backend.adapters.postgres.pools import open_pools
from alerting_backend.cli.database import reach_database
from alerting_backend.cli.exits import ExitCode, fail, told_errors
from alerting_backend.cli.output import write_json
from alerting_backend.cli.progress import progress_bar
from alerting_backend.settings import Settings
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.endpoint_check import check_endpoint
from alerting_core.errors import Conflict
from alerting_core.generator.template import EndpointTemplate
from alerting_core.generator.testdata import ClientData, Dataset, Size, make_dataset
from alerting_core.ports.catalog import Loaded


def make_template(kind: str, value: str, as_json: bool) -> EndpointTemplate:
    """Return what the endpoints are to look like; ends the command when no endpoint can."""
    if kind not in tuple(EndpointType):
        detail = f"--type must be one of {', '.join(EndpointType)}"
        fail(detail, code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
    example = value.replace("{client_id}", "c").replace("{rule}", "1").replace("{endpoint}", "1")
    if problems := check_endpoint(kind, example, None, None):
        lines = [f"--endpoint {problem.detail}" for problem in problems]
        fail("; ".join(lines), code="invalid-input", lines=lines, exit_code=ExitCode.USAGE, as_json=as_json)
    return EndpointTemplate(EndpointType(kind), value)


def run_testdata(
    settings: Settings,
    dataset: Dataset,
    template: EndpointTemplate,
    size: Size,
    *,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Load *dataset* into the database, and say what was stored."""
    now_ms = time.time_ns() // 1_000_000

    def data() -> Iterator[ClientData]:
        return make_dataset(dataset, template=template, now_ms=now_ms, seed=seed, size=size)

    begun = time.monotonic()
    with told_errors(as_json=as_json):
        data()  # What is wrong with the template is told before a database is started.
        try:
            loaded = asyncio.run(_load(settings, data, size, force=force, as_json=as_json))
        except Conflict:
            detail = (
                "there are other clients in the database, such as those of the demo: "
                "load into an empty one, or beside them with --force"
            )
            fail(detail, code="conflict", exit_code=ExitCode.REFUSED, as_json=as_json)
    seconds = time.monotonic() - begun
    if as_json:
        counts = {"clients": loaded.clients, "rules": loaded.rules, "endpoints": loaded.endpoints}
        write_json({"set": str(dataset), **counts, "seconds": round(seconds, 3)})
        return
    print(
        f"{loaded.clients:,} clients, {loaded.rules:,} rules and {loaded.endpoints:,} endpoints stored "
        f"in {seconds:.1f} s; what was there already is not counted"
    )


async def _load(
    settings: Settings, data: Callable[[], Iterator[ClientData]], size: Size, *, force: bool, as_json: bool
) -> Loaded:
    total = size.clients + size.rules + size.endpoints
    async with reach_database(settings) as address:
        await migrate(address)
        async with open_pools(address, size_max=2) as pools:
            with progress_bar("loading", total=total, unit="rows", shown=not as_json) as advance:
                return await PgBulkLoader(pools).load(
                    (one.client for one in data()),
                    (rule for one in data() for rule in one.rules),
                    (endpoint for one in data() for endpoint in one.endpoints),
                    beside_other_data=force,
                    progress=lambda loaded: advance(loaded.clients + loaded.rules + loaded.endpoints),
                )
