"""The playground's own Python: the API and the simulation session that its page speaks to, in a browser's worker.

Imports the core, the API with what it needs, and the standard library: that is all there is in the browser.
"""
