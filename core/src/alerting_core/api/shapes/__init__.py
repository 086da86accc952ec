"""How the values of the domain are written as JSON objects, field by field, in the order of the documentation."""
