"""What a release is made of: packages that install without the tree, the list of licences, the site of the docs."""
