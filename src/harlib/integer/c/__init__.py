"""C99 from an integer model: `plan` works out every number, the templates write it down."""
