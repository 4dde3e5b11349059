"""What a real Prometheus shows of workers that are broken on purpose: alerts, health, and every query."""
