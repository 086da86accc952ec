"""The conformance corpus: what every Python that runs the core must answer, byte for byte.

Each section is a sequence of cases, each case one line of bytes that follows from the corpus alone. The digests of the
sections are kept beside the tests; the playground computes them in the visitor's own browser.
"""
