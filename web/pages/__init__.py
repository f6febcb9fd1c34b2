"""Pages: tables of stored operations and templates by user, and what renders them."""
