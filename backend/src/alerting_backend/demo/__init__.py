"""What the demo adds so that a newcomer sees notifications arrive without an account anywhere."""
