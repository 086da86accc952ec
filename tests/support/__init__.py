"""What several test folders share: builders with boring defaults, real servers to start and stop, test probes."""
