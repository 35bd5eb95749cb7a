"""The village gazette: notices are handed in as files, and read out to whoever listens."""
