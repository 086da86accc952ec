"""Where the ports of the core meet real resources. Errors of their libraries end here."""
