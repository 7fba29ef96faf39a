"""Adapters that run a workload."""
