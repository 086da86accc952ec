"""What people edit, on Postgres. A client's calls run as a role that sees this client alone, operators' as another."""
