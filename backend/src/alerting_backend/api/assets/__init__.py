"""The pages that the server shows by itself: everything they need is in here or in an installed package."""
