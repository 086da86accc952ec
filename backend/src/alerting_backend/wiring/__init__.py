"""Puts adapters together into what the parts of the platform ask for, and waits until what they stand on is there."""
