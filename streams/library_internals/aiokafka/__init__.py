"""What is used of aiokafka that it does not document. Importing any of it ends in OperatorError if a name is gone."""

from streams.library_internals.written_for import AIOKAFKA, check

check(AIOKAFKA)
