"""The vocabulary, `topics`: codecs, golden files, manifests."""
