"""What type checkers refuse; each line has the error that mypy --strict must find there, and no other."""

import vectron

db = vectron.connect("http://127.0.0.1:8080")
db.search("papers", [1, 2], topk=3)  # call-arg
db.search("papers", "text")  # arg-type
db.upsert("papers", [5])  # list-item
db.create_collection("papers", dimension="4")  # arg-type
db.count("papers", filter=5)  # arg-type
db.get("papers", "a").payload  # union-attr
db.serach("papers")  # attr-defined
vectron.Point(1, [1.0])  # arg-type
