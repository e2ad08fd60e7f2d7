"""Facts about makers, owners, clouds, laws, lists and rules: loaded, checked, compiled and looked up."""
