import json
import os

from openapi_client import ApiClient, Configuration
from openapi_client.api import CollectionsApi, PointsApi, SearchApi
from openapi_client.exceptions import BadRequestException, NotFoundException
from openapi_client.models import CreateCollectionRequest, Point, SearchBody, Status, UpsertBody

with open(os.environ["SCENARIO"]) as file:
    scenario = json.load(file)
configuration = Configuration(host=os.environ["VECTRON_URL"], access_token=os.environ["VECTRON_API_KEY"])
collection = "client-python-openapi-generator"
first = scenario["points"][0]


def failure(kind, call, *args, **parameters):
    """The error that the call raises, which must be of that kind."""
    try:
        call(*args, **parameters)
    except kind as error:
        return error
    raise AssertionError(f"{call} did not raise {kind}")


with ApiClient(configuration) as client:
    collections, data, searches = CollectionsApi(client), PointsApi(client), SearchApi(client)
    made = collections.create_collection(CreateCollectionRequest(name=collection, dimension=scenario["dimension"]))
    assert made.success is True, made

    points = [Point.from_dict(point) for point in scenario["points"]]
    written = data.upsert(collection, UpsertBody(points=points))
    assert written.upserted == len(points), written

    got = data.get_point(collection, first["id"])
    assert got.point.payload == first["payload"], got
    assert got.point.vector == first["vector"], got
    assert int(got.applied_index) > 0, got

    found = searches.search(collection, SearchBody(vector=scenario["query"], top_k=3, include_vectors=True))
    assert [result.id for result in found.results] == scenario["nearest"], found
    assert found.results[0].payload == first["payload"], found
    assert found.results[0].vector == first["vector"], found
    assert isinstance(found.results[0].score, float), found

    page = data.list_points(collection, limit=1, include_vectors=True)
    assert len(page.points) == 1 and page.next_cursor, page

    status = collections.get_collection_status(collection)
    assert status.dimension == scenario["dimension"], status
    assert int(status.points) >= 0, status

    missing = failure(NotFoundException, collections.get_collection_status, "client-none")
    assert missing.status == 404, missing
    assert isinstance(missing.data, Status), missing
    assert missing.data.code == 5, missing
    assert missing.data.details[0].reason == "COLLECTION_NOT_FOUND", missing
    assert "client-none" in missing.data.message, missing

    wrong = failure(BadRequestException, searches.search, collection, SearchBody(vector=[1]))
    assert wrong.data.details[0].reason == "DIMENSION_MISMATCH", wrong

    assert data.delete_point(collection, first["id"]).existed is True
    assert collections.delete_collection(collection).success is True
