"""The engines under test, one a file; `catalogue.py` beside this folder says which take part."""
