"""Figures about the pipeline itself."""
