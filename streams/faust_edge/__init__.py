"""Where Faust's inside is touched. Faust logs under the names of these modules: only warnings of theirs are written."""
