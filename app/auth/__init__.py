"""Who may do what: users, passwords, access tokens, roles and permissions."""
