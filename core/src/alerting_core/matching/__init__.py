"""Which rules an alert meets: the index, the nested loop it is checked against, and the explanation for people.

No batches, no streams, no clock: an alert's three fields in, rules out.
"""
