"""Do Not Call lists: the records, the lists they make, and what partitions have appended."""
