"""Made from proto/ by scripts/sdk-python-protos.mjs; not to be edited."""
