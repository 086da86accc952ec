"""The conformance corpus: what every Python that runs the core must answer, byte for byte."""
