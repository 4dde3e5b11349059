"""The image, really built by buildah, and run by runc with a root that cannot be written, as nobody."""
