"""Programs that tests need and Python packages do not bring: found on the machine, or installed into `.tools`."""
