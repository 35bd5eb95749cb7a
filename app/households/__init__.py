"""Households and their voters: addresses, the voter file, the gazetteer, and the tables."""
