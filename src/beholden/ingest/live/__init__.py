"""Live sources: the only evidence that is read from sockets, and only where a user asks for it by its verb."""
