"""Decisions about deliveries, synchronous and pure: time, randomness and ids are arguments. No ports, no waiting."""
