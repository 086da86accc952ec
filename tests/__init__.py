"""Tests of the whole workspace, one folder a level; what the levels share is in `support`."""
