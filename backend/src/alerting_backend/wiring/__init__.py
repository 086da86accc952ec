"""Puts adapters together into what the parts of the platform ask for. Makes no decisions, and starts nothing."""
