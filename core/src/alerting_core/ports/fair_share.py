"""How many records of which partition one poll takes.

Theory of operation. A poll promises two things (see `stream.Stream.poll`): what the poll before it returned comes again
as long as it is not committed, and no partition waits for another that is longer. So the room of a poll is given away
in three rounds: to what was taken before, then to each partition an equal part, then to whatever there is. Each commit
moves the turn on, so that no partition is always the last where there are more partitions than records to take.
"""

from collections.abc import Mapping


def fair_shares(
    waiting: Mapping[int, int], *, taken_before: Mapping[int, int], records_max: int, turn: int
) -> dict[int, int]:
    """Return partition → how many of its records to take, in the order to serve them; none is 0.

    Args:
        waiting: Partition → records there, those taken before among them.
        taken_before: Partition → records that the poll before returned, not committed since.
        records_max: Of all partitions together.
        turn: Says which partition is served first.
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
    equal = max(1, room // len(partitions))
    for bound in (equal, room):
        for partition in partitions:
            more = min(room, bound, waiting[partition] - counts[partition])
            counts[partition] += more
            room -= more
    return {partition: count for partition, count in counts.items() if count}
