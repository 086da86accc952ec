"""One class for each promise: it sees every effect in a world and says when the promise was broken, and how."""
