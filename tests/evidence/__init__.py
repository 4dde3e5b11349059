"""Evidence about a number, `streams.evidence`: what it says, what it leaves out, and that a change of it is found."""
