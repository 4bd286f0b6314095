"""The credential core: kinds, minting, verifying, sealing, last use and sweeping. Knows no AWS wire format."""
