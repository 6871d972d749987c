"""A base image becomes a box's own: program, first start and claim, without mounting anything."""
