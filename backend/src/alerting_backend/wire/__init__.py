"""Classes of the messages in `proto`, generated: `make proto-generate`. Nothing here is written by hand.

The pipeline reads and writes messages with the core's own codec, which needs no library. These classes are for whoever
wants Google's, and for the tests that hold the two to be the same.
"""
