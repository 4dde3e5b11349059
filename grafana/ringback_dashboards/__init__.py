"""The dashboards of Ringback, made by the Grafana Foundation SDK; `grafana/build_dashboards.py` writes them."""
