import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Sends a callback for each line of its input, a JSON object with the fields of docs/contract.md.
 *
 * <pre>java -cp 'target/classes:target/lib/*' Producer &lt; callbacks.jsonl</pre>
 */
final class Producer {
    private Producer() {}

    /** Until the input ends. A line that is sent once more changes nothing: the id of its event is the same. */
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Ringback.Events events = new Ringback.Events()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Map<String, Object> callback = Ringback.decoded(line);
                String id = (String) callback.get("callback_id");
                Map<String, Object> scheduled = new HashMap<>(
                        Map.of("type", "scheduled", "event_id", "scheduled-" + id, "source", "script"));
                scheduled.putAll(callback);
                events.send("callback-scheduled", scheduled);
                System.out.println("sent " + id);
            }
        }
    }
}
