"""Print the digest of each world whose seed is named: for another Python to be compared with."""

import sys

from alerting_core.sim.world import World

print(" ".join(World(int(seed)).run().digest for seed in sys.argv[1:]))
