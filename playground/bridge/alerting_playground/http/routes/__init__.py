"""The operations, one file per noun. Each translates; decisions live in the core."""
