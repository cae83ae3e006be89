import json
import os
from http import HTTPStatus

from vectron_client import AuthenticatedClient
from vectron_client.api.collections import create_collection, delete_collection, get_collection_status
from vectron_client.api.points import delete_point, get_point, list_points, upsert
from vectron_client.api.search import search
from vectron_client.models import CreateCollectionRequest, Point, SearchBody, Status, UpsertBody

with open(os.environ["SCENARIO"]) as file:
    scenario = json.load(file)
client = AuthenticatedClient(base_url=os.environ["VECTRON_URL"], token=os.environ["VECTRON_API_KEY"])
collection = "client-python-client"
first = scenario["points"][0]

made = create_collection.sync(
    client=client, body=CreateCollectionRequest(name=collection, dimension=scenario["dimension"])
)
assert made.success is True, made

points = [Point.from_dict(point) for point in scenario["points"]]
written = upsert.sync(collection, client=client, body=UpsertBody(points=points))
assert written.upserted == len(points), written

got = get_point.sync(collection, first["id"], client=client)
assert got.point.payload.to_dict() == first["payload"], got
assert got.point.vector == first["vector"], got
assert int(got.applied_index) > 0, got

found = search.sync(
    collection, client=client, body=SearchBody(vector=scenario["query"], top_k=3, include_vectors=True)
)
assert [result.id for result in found.results] == scenario["nearest"], found
assert found.results[0].payload.to_dict() == first["payload"], found
assert found.results[0].vector == first["vector"], found
assert isinstance(found.results[0].score, float), found

page = list_points.sync(collection, client=client, limit=1, include_vectors=True)
assert len(page.points) == 1 and page.next_cursor, page

status = get_collection_status.sync(collection, client=client)
assert status.dimension == scenario["dimension"], status
assert int(status.points) >= 0, status

missing = get_collection_status.sync_detailed("client-none", client=client)
assert missing.status_code == HTTPStatus.NOT_FOUND, missing
assert isinstance(missing.parsed, Status), missing
assert missing.parsed.code == 5, missing
assert missing.parsed.details[0].reason == "COLLECTION_NOT_FOUND", missing
assert "client-none" in missing.parsed.message, missing

wrong = search.sync_detailed(collection, client=client, body=SearchBody(vector=[1.0]))
assert wrong.status_code == HTTPStatus.BAD_REQUEST, wrong
assert wrong.parsed.details[0].reason == "DIMENSION_MISMATCH", wrong

assert delete_point.sync(collection, first["id"], client=client).existed is True
assert delete_collection.sync(collection, client=client).success is True
