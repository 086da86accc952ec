"""Seeded chance. Each purpose has a sequence of its own, so that one more throw here changes nothing there."""

from random import Random


def dice_for(seed: int, purpose: str) -> Random:
    """Return the dice of one purpose in the world of *seed*; the same on every machine."""
    return Random(f"{seed}/{purpose}")


def happens(dice: Random, chance: float) -> bool:
    """Throw for something that happens with *chance*; nothing is thrown for what never happens."""
    return chance > 0.0 and dice.random() < chance


def wait_ms(dice: Random, *, mean_ms: float) -> float:
    """Return a wait: mostly short, now and then several times the mean."""
    return dice.expovariate(1.0) * mean_ms
