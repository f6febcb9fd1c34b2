"""The API: timebank's capabilities as GraphQL, one module each, no rule of its own."""
