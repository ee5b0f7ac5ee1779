"""Atomic counters on any DynamoDB client; it knows nothing of websites."""
