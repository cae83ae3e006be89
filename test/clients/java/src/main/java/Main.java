import com.google.gson.reflect.TypeToken;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.JSON;
import org.openapitools.client.api.CollectionsApi;
import org.openapitools.client.api.PointsApi;
import org.openapitools.client.api.SearchApi;
import org.openapitools.client.model.CreateCollectionRequest;
import org.openapitools.client.model.Point;
import org.openapitools.client.model.SearchBody;
import org.openapitools.client.model.SearchResult;
import org.openapitools.client.model.Status;
import org.openapitools.client.model.UpsertBody;

public final class Main {
  private static final String COLLECTION = "client-java";

  /** The parts of the scenario; the JSON of the generated client reads it, as it reads answers. */
  private record Scenario(int dimension, List<Point> points, List<Float> query, List<String> nearest) {
    static Scenario read() throws Exception {
      String text = Files.readString(Path.of(System.getenv("SCENARIO")));
      Map<String, Object> parts = JSON.deserialize(text, new TypeToken<Map<String, Object>>() {}.getType());
      return new Scenario(
          ((Number) parts.get("dimension")).intValue(),
          part(parts.get("points"), new TypeToken<List<Point>>() {}),
          part(parts.get("query"), new TypeToken<List<Float>>() {}),
          part(parts.get("nearest"), new TypeToken<List<String>>() {}));
    }

    private static <T> T part(Object part, TypeToken<T> type) {
      return JSON.deserialize(JSON.serialize(part), type.getType());
    }
  }

  private interface Call {
    void run() throws ApiException;
  }

  public static void main(String[] args) throws Exception {
    ApiClient client = new ApiClient();
    client.setBasePath(System.getenv("VECTRON_URL"));
    client.setBearerToken(System.getenv("VECTRON_API_KEY"));
    CollectionsApi collections = new CollectionsApi(client);
    PointsApi data = new PointsApi(client);
    SearchApi searches = new SearchApi(client);
    Scenario scenario = Scenario.read();
    Point first = scenario.points().get(0);

    var made = collections.createCollection(
        new CreateCollectionRequest().name(COLLECTION).dimension(scenario.dimension()));
    equal("success of the collection", made.getSuccess(), true);

    var written = data.upsert(COLLECTION, new UpsertBody().points(scenario.points()));
    equal("upserted", written.getUpserted(), scenario.points().size());

    var got = data.getPoint(COLLECTION, first.getId(), null, null, null);
    equal("payload of the point", got.getPoint().getPayload(), first.getPayload());
    equal("vector of the point", got.getPoint().getVector(), first.getVector());
    Long.parseUnsignedLong(got.getAppliedIndex());

    var found = searches.search(
        COLLECTION, new SearchBody().vector(scenario.query()).topK(3L).includeVectors(true));
    equal("nearest", found.getResults().stream().map(SearchResult::getId).toList(), scenario.nearest());
    equal("payload of the nearest", found.getResults().get(0).getPayload(), first.getPayload());
    equal("vector of the nearest", found.getResults().get(0).getVector(), first.getVector());

    var page = data.listPoints(COLLECTION, 1L, null, true, null, null, null, null, null, null, null);
    equal("points of a page", page.getPoints().size(), 1);
    equal("there is a next page", page.getNextCursor().isEmpty(), false);

    var status = collections.getCollectionStatus(COLLECTION);
    equal("dimension", status.getDimension(), scenario.dimension());
    Long.parseUnsignedLong(status.getPoints());

    ApiException missing = failure(() -> collections.getCollectionStatus("client-none"));
    equal("HTTP status of a missing collection", missing.getCode(), 404);
    Status error = Status.fromJson(missing.getResponseBody());
    equal("code of a missing collection", error.getCode(), 5);
    equal("reason of a missing collection", error.getDetails().get(0).getReason(), "COLLECTION_NOT_FOUND");
    equal("the message names it", error.getMessage().contains("client-none"), true);

    ApiException wrong = failure(() -> searches.search(COLLECTION, new SearchBody().vector(List.of(1f))));
    equal("HTTP status of a wrong dimension", wrong.getCode(), 400);
    String reason = Status.fromJson(wrong.getResponseBody()).getDetails().get(0).getReason();
    equal("reason of a wrong dimension", reason, "DIMENSION_MISMATCH");

    equal("existed", data.deletePoint(COLLECTION, first.getId(), null, null, null).getExisted(), true);
    equal("success of the deletion", collections.deleteCollection(COLLECTION).getSuccess(), true);
    // Threads of the HTTP client would keep the process for a minute.
    System.exit(0);
  }

  private static ApiException failure(Call call) {
    try {
      call.run();
    } catch (ApiException error) {
      return error;
    }
    throw new AssertionError("the call did not fail");
  }

  private static void equal(String what, Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) throw new AssertionError(what + ": " + got + ", not " + wanted);
  }
}
