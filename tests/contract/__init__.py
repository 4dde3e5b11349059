"""The contract as files: docs/contract is what the types say, and keeps what earlier versions promised."""
