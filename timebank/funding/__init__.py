"""Public money: given for a purpose, allotted, committed, paid and accounted for (domain 10)."""
