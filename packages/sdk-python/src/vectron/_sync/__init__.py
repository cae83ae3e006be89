"""The client that blocks. All but io.py is made of vectron._async by scripts/sdk-python-sync.mjs."""
