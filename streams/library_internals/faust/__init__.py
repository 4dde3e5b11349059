"""What is used of Faust that it does not document. Importing any of it ends in OperatorError if a name is gone."""

from streams.library_internals.written_for import FAUST, check

check(FAUST)
