"""Latency from apply to order and from pod to Ready on real clusters, printed, not asserted."""
