"""Plays test/conformance/scenarios with this SDK: over REST and gRPC, blocking and with asyncio."""
