"""The `alerting` command. Its modules import late what they need, so that `alerting --help` answers at once."""
