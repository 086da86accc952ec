"""JSON shapes: what a request must look like, and how the values of the domain are written. No decisions."""
