"""What the core asks of the world, in the words of the trade. Each sentence of a docstring is a contract test."""
