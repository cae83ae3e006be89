"""The client for asyncio; scripts/sdk-python-sync.mjs makes vectron._sync of it, but for io.py."""
