"""The force ledger: which forces act, of what part and how strongly, read off motion itself."""
