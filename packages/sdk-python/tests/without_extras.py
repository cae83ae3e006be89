"""Run in an environment that has the wheel and what it depends on alone: no NumPy, pandas or pyarrow. VECTRON_REST and _KEY say where."""

import importlib.util
import os

import vectron

assert all(importlib.util.find_spec(name) is None for name in ("numpy", "pandas", "pyarrow"))
with vectron.connect(os.environ["VECTRON_REST"], api_key=os.environ["VECTRON_API_KEY"]) as db:
    db.create_collection("without-extras", dimension=2)
    assert db.upsert_all("without-extras", ({"id": f"p-{i}", "vector": [1, i]} for i in range(10))) == 10
    hit = db.search("without-extras", [1, 3], top_k=1, include_vectors=True).hits[0]
    assert hit.vector is not None and hit.vector.tolist()[0] == 1
    assert len(db.search_batch("without-extras", [[1, 0], [0, 1]], top_k=1)) == 2
    db.delete_collection("without-extras")
print("without NumPy, pandas and pyarrow: ok")
