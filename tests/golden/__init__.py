"""Messages as Go's implementation of protobuf writes them, and what it reads of those that the core writes."""
