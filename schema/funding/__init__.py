"""Public money on the wire."""
