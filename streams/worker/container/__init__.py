"""What runs beside a worker or a console in its container: its health check, and the hook of Kubernetes before an end.

Programs of their own, which need the standard library alone: one of them runs every few seconds.
"""
