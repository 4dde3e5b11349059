"""`ringback bench`: how late commands are, and how fast a killed worker is back, measured on this machine.

Each measurement starts a Kafka and a worker of its own. What is correct or wrong is judged (`verdict`); times are only
reported, since they say as much about the machine as about Ringback.
"""
