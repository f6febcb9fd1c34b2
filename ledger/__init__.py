"""A ledger anybody can check: entries chained by hash, proved by a Merkle tree, signed.

Knows bytes, positions, hashes, signatures and the tables that hold them (FORMAT.md). Refuses to
know what an entry means: persons, hours and money are somebody else's words.
"""
