import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is read and written, as JSON: the event, the row of a contact, and the two records that follow from it. */
final class Messages {
    private Messages() {}

    record WrapUp(
            String eventId,
            Instant occurredAt,
            String conversationId,
            String campaignId,
            String contactListId,
            String contactId,
            String phoneNumber,
            String phoneColumn,
            String wrapUpCode,
            String agentId,
            String callAnalysis,
            String callbackId) {}

    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    @JsonPropertyOrder({"at", "kind"})
    record Timer(Instant at, String kind) {}

    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    @JsonPropertyOrder({"at", "code"})
    record WrappedUp(Instant at, String code) {}

    record Callback(
            String callbackId,
            String campaignId,
            String origin,
            String phoneNumber,
            Instant dueAt,
            Instant scheduledAt,
            Instant changedAt,
            String setBy,
            Timer timer,
            String conversationId,
            String phoneColumn) {}

    /** The row of a contact. Maps keep the order in which entries came: the oldest is the first to be forgotten. */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    static final class Contact {
        public int version = 3;
        public String contactListId;
        public String contactId;
        public List<Callback> callbacks = new ArrayList<>();
        public Map<String, Map<Long, Integer>> attempts = new LinkedHashMap<>();
        public int attemptsTotal;
        public Map<String, Integer> attemptsByNumber = new LinkedHashMap<>();
        public Map<String, Instant> lastAttempts = new LinkedHashMap<>();
        public Map<String, Instant> lastAttemptsByNumber = new LinkedHashMap<>();
        public Map<String, WrappedUp> lastWrapUps = new LinkedHashMap<>();
        public Map<String, Long> conversations = new LinkedHashMap<>();
        public Map<String, String> seen = new LinkedHashMap<>();
        public Instant heardAt;
    }

    record Cause(String eventId, String topic, int partition, long offset) {}

    record Facts(String ruleSetId, String ruleId, int offsetMinutes, String wrapUpCode, String callAnalysis) {}

    record Lifecycle(
            String callbackId,
            String transition,
            Instant occurredAt,
            List<String> reasons,
            Facts facts,
            Instant dueAt,
            String campaignId,
            String contactListId,
            String contactId,
            String origin,
            Cause cause) {}

    record Outstanding(String callbackId, String campaignId, String origin, Instant dueAt, String state) {}

    record OutstandingView(String contactListId, String contactId, List<Outstanding> callbacks) {}

    /** One mapper for all of them. */
    static ObjectMapper mapper() {
        return new ObjectMapper()
                .registerModule(new JavaTimeModule())
                .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    }
}
