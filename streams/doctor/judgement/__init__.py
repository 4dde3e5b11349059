"""What is to be said about records, rights, versions and clocks that others have looked at."""
