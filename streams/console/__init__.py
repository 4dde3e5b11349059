"""The console: what people see of callbacks and do about them, in a browser and in a terminal.

It reads the topics with a consumer of its own and never the engine, so nothing it does can delay a worker.
"""
