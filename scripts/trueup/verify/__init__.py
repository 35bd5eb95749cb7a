"""Verifiers: each holds one kind of fenced block against what reads such text in earnest."""
