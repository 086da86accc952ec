"""The ports in memory: products, not mocks. The same contract suite runs on them and on the real adapters; the
playground and the simulator live on them. No method awaits anything, so that each call is atomic.
"""
