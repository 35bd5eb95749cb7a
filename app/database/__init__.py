"""The PostgreSQL database: where it is, how it is opened, and its tables."""
