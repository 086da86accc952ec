"""Builds the shared snapshot of all rules anew, from the database of record."""

from alerting_core.ports.rule_origin import RuleOrigin
from alerting_core.ports.rule_snapshot import RuleSnapshotStore


async def rebuild_rules(origin: RuleOrigin, snapshot: RuleSnapshotStore, *, owner: str, clients_max: int) -> bool:
    """Read all clients and make what was read the snapshot, in one step at the end; readers see no part of it.

    Edits go on meanwhile. An edit that is spread after the claim goes into the new snapshot too, and is newer than
    what is read here or the same; one that was spread before it is in what is read here. So none is undone.

    Returns:
        Whether it was built; False while another owner builds.

    Raises:
        FencedOff: Another has taken over, or the store was emptied meanwhile. Begin again.
        PortUnavailable: The origin or the store is away.
    """
    build = await snapshot.begin(owner)
    if build is None:
        return False
    after: str | None = None
    while (read := await origin.next_clients(after, clients_max=clients_max)).by_client:
        await build.add(read)
        after = next(reversed([*read.by_client]))
    await build.finish()
    return True
