import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Takes dial commands, has calls placed, and says what came of each. It may be killed at any time.
 *
 * <pre>java -cp 'target/classes:target/lib/*' Dialer</pre>
 *
 * <p>docs/dialers.md says what a dialer has to do, docs/clients.md how this one does it.
 */
final class Dialer {
    private static final String DIAL_URL = System.getenv("DIAL_URL");
    private static final Duration FRESH = Duration.ofSeconds(30);
    private static final int ASKED_TIMES = 3;
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

    private final Ringback.Events events = new Ringback.Events();
    private final Ringback.Commands commands = new Ringback.Commands();
    private final Ringback.Answers answers = new Ringback.Answers();

    private Dialer() throws IOException {}

    /** Sees to it that Ringback is told what came of a command: a wrap-up, or that it comes back undialed. */
    private void take(Map<String, Object> command, ConsumerRecord<String, String> record) throws Exception {
        String commandId = (String) command.get("command_id"), expiresAt = (String) command.get("expires_at");
        boolean fresh = "passed".equals(command.get("checks")) && age(record).compareTo(FRESH) < 0;
        if (commands.begun(record).equals(commandId)) { // Its call was begun, and whoever began it saw no end.
            wrapUp(command, "DIALER-INTERRUPTED", null);
        } else if (expiresAt != null && !Instant.now().isBefore(instant(expiresAt))) {
            giveBack(command, "expired");
        } else if (!fresh && !mayDial(command)) {
            giveBack(command, "failed");
        } else {
            commands.commit(record, record.offset(), commandId); // From here on nobody dials it again.
            Instant dialedAt = Instant.now();
            wrapUp(command, dial(command), dialedAt.toString());
        }
        commands.commit(record, record.offset() + 1, "");
    }

    /** Asks Ringback whether the call may be placed now. Without an answer it may not. */
    private boolean mayDial(Map<String, Object> command) throws Exception {
        String requestId = UUID.randomUUID().toString();
        for (int asked = 0; asked < ASKED_TIMES; asked++) {
            tell("placement-requested", command, UUID.randomUUID().toString(), "request_id", requestId,
                    "origin", "callback", "agent_id", command.get("agent_id"), "command_id", command.get("command_id"),
                    "phone_number", command.get("phone_number"), "reply_to", answers.me);
            Map<String, Object> answer = answers.to(requestId, ANSWER_WITHIN);
            if (answer != null) {
                return (boolean) answer.get("allowed")
                        && Instant.now().isBefore(instant((String) answer.get("valid_until")));
            }
        }
        return false;
    }

    /** A call was placed, and this came of it. The id of the command is that of the conversation. */
    private void wrapUp(Map<String, Object> command, String code, String dialedAt) throws Exception {
        tell("wrap-up", command, code + "-" + command.get("command_id"), "conversation_id", command.get("command_id"),
                "wrap_up_code", code, "agent_id", command.get("agent_id"), "phone_number", command.get("phone_number"),
                "phone_column", command.get("phone_column"), "dialed_at", dialedAt);
    }

    /** No call was placed. */
    private void giveBack(Map<String, Object> command, String reason) throws Exception {
        tell("callback-scheduled", command, reason + "-" + command.get("command_id"), "type", "returned",
                "command_id", command.get("command_id"), "reason", reason);
    }

    /** Sends an event about the callback of a command. more: names and values in turn. */
    private void tell(String topic, Map<String, Object> command, String eventId, Object... more) throws Exception {
        Map<String, Object> event = new HashMap<>(Map.of("event_id", eventId));
        for (String name : new String[] {"campaign_id", "contact_list_id", "contact_id", "callback_id"}) {
            event.put(name, command.get(name));
        }
        for (int at = 0; at < more.length; at += 2) {
            event.put((String) more[at], more[at + 1]);
        }
        events.send(topic, event);
    }

    /**
     * Places the call, and returns its wrap-up code when it has ended. This is the part to replace by your own.
     *
     * <p>With DIAL_URL a POST of the command places the call, and is answered with the code when the call has ended.
     */
    private static String dial(Map<String, Object> command) throws IOException, InterruptedException {
        System.out.println("dials " + command.get("phone_number"));
        if (DIAL_URL == null) {
            return "ANSWERED";
        }
        HttpRequest request = HttpRequest.newBuilder(URI.create(DIAL_URL)).version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Ringback.encoded(command))).build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(DIAL_URL + " answers " + answer.statusCode());
        }
        return answer.body();
    }

    private static Instant instant(String text) {
        return OffsetDateTime.parse(text).toInstant();
    }

    /** How long ago Ringback wrote a command. */
    private static Duration age(ConsumerRecord<String, String> record) {
        return Duration.between(Instant.ofEpochMilli(record.timestamp()), Instant.now());
    }

    /** For ever. */
    public static void main(String[] arguments) throws Exception {
        Dialer dialer = new Dialer();
        while (true) {
            ConsumerRecord<String, String> record = dialer.commands.next();
            try {
                dialer.take(Ringback.decoded(record.value()), record);
            } catch (Ringback.Lost left) {
                System.err.println("another dialer has partition " + record.partition());
            }
        }
    }
}
