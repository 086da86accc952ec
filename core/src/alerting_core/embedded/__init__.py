"""The whole pipeline in one process, over whatever adapters it is given."""
