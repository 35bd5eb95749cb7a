"""Webhooks: other services are told, by signed requests, that a job has ended."""
