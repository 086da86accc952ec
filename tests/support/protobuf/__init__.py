"""Google's classes of the messages in `proto`, generated: `make proto-generate`. Nothing here is written by hand.

The platform reads and writes messages with the core's own codec, which needs no library. The tests hold the two to be
the same.
"""
