"""The simulation session: one platform that a person watches, disturbs and shares. See the README of the bridge."""
