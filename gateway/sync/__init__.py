"""Sync: the journal's rows reach the hub in stable batches, in order, until it has acknowledged them."""
