"""The ports in memory: products, not mocks. The same contract suite runs on them and on the real adapters; the
playground and the simulator live on them. Only `poll` ever waits: every other call is atomic.
"""
