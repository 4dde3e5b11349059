"""What is known about campaigns, rule sets, recycles and clears."""
