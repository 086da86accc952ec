"""The alerting platform without its surroundings: matching, ports, stages, memory adapters, simulator.

Nothing in here reads a clock, a random source, a socket or a file: time, randomness and ids are arguments. Only the
standard library may be imported.
"""
