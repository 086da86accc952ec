"""How many records of which partition a poll takes."""

from collections.abc import Mapping


def share_out(
    waiting: Mapping[int, int], *, taken_before: Mapping[int, int], records_max: int, turn: int
) -> dict[int, int]:
    """Return partition → how many records to take, at most *records_max* in all, none that is 0.

    What the poll before took comes first, so that polling again returns it again; then each partition an equal part;
    then whatever there is. *turn* moves on with every commit and says which partition is served first, so that none is
    always the last when there are fewer records to take than partitions.

    Args:
        waiting: Partition → records there.
        taken_before: Partition → records of it that the poll before returned, not committed since.
    """
    partitions = sorted(partition for partition, count in waiting.items() if count > 0)
    if not partitions:
        return {}
    first = turn % len(partitions)
    partitions = partitions[first:] + partitions[:first]
    counts: dict[int, int] = {}
    room = records_max
    for partition in partitions:
        counts[partition] = min(room, taken_before.get(partition, 0), waiting[partition])
        room -= counts[partition]
    share = max(1, room // len(partitions))
    for bound in (share, room):
        for partition in partitions:
            more = min(room, bound, waiting[partition] - counts[partition])
            counts[partition] += more
            room -= more
    return {partition: count for partition, count in counts.items() if count}
