"""What is wrong with a Kafka, or with a program that writes to it, as far as Ringback is concerned, and what to change.

`judgement` decides about what was seen and does no I/O; `examination` looks, and changes nothing on Kafka.
Source: docs/doctor.md.
"""
