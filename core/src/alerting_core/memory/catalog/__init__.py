"""What people edit, in memory: clients, rules, endpoints, keys. All stores share one `MemoryDatabase`."""
