"""Mutation score: small changes of the hardware's netlists, and whether proofs and benches notice them."""
