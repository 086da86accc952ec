"""The playground's own Python: the API and the simulation session that its page speaks to, in a browser's worker.

Imports the core and the standard library, and nothing else: that is all there is in the browser.
"""
