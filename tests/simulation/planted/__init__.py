"""Bugs, planted one at a time: each is a mistake that somebody could make, and each breaks one promise."""
