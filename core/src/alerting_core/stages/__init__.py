"""The stages, the only loops of the core: pull a bounded batch, decode, plan, ask, apply, commit last.

A step that is cut off anywhere and run again leaves the world as if it had run once. No stage logs or sleeps except
where its port says how long to wait; each step returns a `BatchReport`.
"""
