"""The console's pages: Starlette and Jinja2, readable without scripts; htmx and uPlot make them live."""
