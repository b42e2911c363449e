"""Proofs of the blocks: one file a block, named as in `hdl`; `python -m formal` runs them."""
