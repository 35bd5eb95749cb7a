"""The HTTP API: it translates between requests and the operations of the domain, and decides nothing itself."""
