import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;
import org.bouncycastle.crypto.digests.Blake2bDigest;

/** Ringback's decision about a wrap-up: count the attempt, forget what is old, run the rules, remember the event. */
final class WrapUpProcessor implements Processor<String, byte[], String, byte[]> {
    private static final Duration CLOCK_AHEAD_MAX = Duration.ofMinutes(5);
    private static final Duration EVENT_AGE_MAX = Duration.ofDays(35);
    private static final Duration ATTEMPTS_KEPT = Duration.ofDays(31);
    private static final int REMEMBERED_MAX = 256;
    private static final int QUARTER_S = 900;
    private static final int MEANING_BYTES = 4;
    private static final int CALLBACK_ID_CHARACTERS = 32;

    private final Rules rules;
    private final ObjectMapper mapper = Messages.mapper();
    private final MessageDigest sha256;
    private final Blake2bDigest blake2b = new Blake2bDigest(null, MEANING_BYTES, null, null);
    private KeyValueStore<String, byte[]> rows;
    private ProcessorContext<String, byte[]> context;

    WrapUpProcessor(Rules rules) {
        this.rules = rules;
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }

    @Override
    public void init(ProcessorContext<String, byte[]> given) {
        context = given;
        rows = given.getStateStore(KafkaStreamsPeer.ROWS);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        try {
            Messages.WrapUp event = mapper.readValue(record.value(), Messages.WrapUp.class);
            Instant now = Instant.now();
            check(event, record.key(), now);
            byte[] row = rows.get(record.key());
            Messages.Contact contact = row == null ? unknown(event) : mapper.readValue(row, Messages.Contact.class);
            String seen = "w" + event.eventId();
            String meaning = meaningOf(event);
            String known = contact.seen.get(seen);
            if (known != null) {
                require(known.equals(meaning), "the id stands for something else");
                return;
            }
            if (!contact.conversations.containsKey(event.conversationId())) {
                takeIn(event, contact, record, now);
            }
            remember(contact.seen, seen, meaning);
            contact.heardAt = latest(event.occurredAt(), latest(now, contact.heardAt));
            rows.put(record.key(), mapper.writeValueAsBytes(contact));
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    private static void check(Messages.WrapUp event, String key, Instant now) {
        require(key.equals(event.contactListId() + "|" + event.contactId()), "the key does not match the value");
        require(!event.occurredAt().isAfter(now.plus(CLOCK_AHEAD_MAX)), "the event is ahead of the clock");
        require(!event.occurredAt().isBefore(now.minus(EVENT_AGE_MAX)), "the event is too old");
    }

    private static Messages.Contact unknown(Messages.WrapUp event) {
        Messages.Contact contact = new Messages.Contact();
        contact.contactListId = event.contactListId();
        contact.contactId = event.contactId();
        return contact;
    }

    /** The first wrap-up of a conversation counts, and the rules are asked about it. */
    private void takeIn(Messages.WrapUp event, Messages.Contact contact, Record<String, byte[]> record, Instant now)
            throws IOException {
        Instant at = event.occurredAt();
        String number = event.phoneNumber();
        Messages.WrappedUp last = contact.lastWrapUps.remove(number);
        boolean isLatest = last == null || !last.at().isAfter(at);
        contact.lastWrapUps.put(number, isLatest ? new Messages.WrappedUp(at, event.wrapUpCode()) : last);
        long micros = at.getEpochSecond() * 1_000_000 + at.getNano() / 1000;
        remember(contact.conversations, event.conversationId(), 1 | micros << 2);
        countAttempt(contact, event, now);
        Rules.Rule rule = rules.matching(event.wrapUpCode());
        if (rule != null) {
            schedule(event, contact, rule, record, now);
        }
    }

    private static void countAttempt(Messages.Contact contact, Messages.WrapUp event, Instant now) {
        Instant at = event.occurredAt();
        String number = event.phoneNumber();
        long oldest = now.minus(ATTEMPTS_KEPT).getEpochSecond() / QUARTER_S;
        contact.attempts.values().forEach(quarters -> quarters.keySet().removeIf(quarter -> quarter < oldest));
        contact.attempts.values().removeIf(Map::isEmpty);
        contact.attempts
                .computeIfAbsent(number, ignored -> new LinkedHashMap<>())
                .merge(at.getEpochSecond() / QUARTER_S, 1, Integer::sum);
        contact.attemptsTotal++;
        contact.attemptsByNumber.merge(number, 1, Integer::sum);
        contact.lastAttempts.merge(event.campaignId(), at, WrapUpProcessor::latest);
        contact.lastAttemptsByNumber.merge(number, at, WrapUpProcessor::latest);
    }

    private void schedule(
            Messages.WrapUp event,
            Messages.Contact contact,
            Rules.Rule rule,
            Record<String, byte[]> record,
            Instant now)
            throws IOException {
        Instant at = event.occurredAt();
        Instant dueAt = at.plus(Duration.ofMinutes(rule.offsetMinutes()));
        String id = callbackId(contact, event);
        contact.callbacks.add(new Messages.Callback(
                id,
                event.campaignId(),
                "rule",
                event.phoneNumber(),
                dueAt,
                at,
                at,
                event.eventId(),
                new Messages.Timer(dueAt, "due"),
                event.conversationId(),
                event.phoneColumn()));
        RecordMetadata place = context.recordMetadata().orElseThrow();
        Messages.Lifecycle lifecycle = new Messages.Lifecycle(
                id,
                "scheduled",
                now,
                List.of(),
                new Messages.Facts(
                        rules.ruleSetId,
                        rule.ruleId(),
                        rule.offsetMinutes(),
                        event.wrapUpCode(),
                        event.callAnalysis()),
                dueAt,
                event.campaignId(),
                contact.contactListId,
                contact.contactId,
                "rule",
                new Messages.Cause(event.eventId(), "wrap-up", place.partition(), place.offset()));
        context.forward(record.withValue(mapper.writeValueAsBytes(lifecycle)), KafkaStreamsPeer.LIFECYCLE);
        context.forward(record.withValue(mapper.writeValueAsBytes(viewOf(contact))), KafkaStreamsPeer.VIEW);
    }

    private static Messages.OutstandingView viewOf(Messages.Contact contact) {
        List<Messages.Outstanding> callbacks = new ArrayList<>();
        for (Messages.Callback one : contact.callbacks) {
            callbacks.add(new Messages.Outstanding(
                    one.callbackId(), one.campaignId(), one.origin(), one.dueAt(), "scheduled"));
        }
        return new Messages.OutstandingView(contact.contactListId, contact.contactId, callbacks);
    }

    private String callbackId(Messages.Contact contact, Messages.WrapUp event) throws IOException {
        byte[] parts =
                mapper.writeValueAsBytes(List.of(contact.contactListId, contact.contactId, event.eventId()));
        return "r-" + HexFormat.of().formatHex(sha256.digest(parts)).substring(0, CALLBACK_ID_CHARACTERS);
    }

    private String meaningOf(Messages.WrapUp event) throws IOException {
        byte[] parts = mapper.writeValueAsBytes(Arrays.asList(
                event.conversationId(), event.phoneNumber(), event.wrapUpCode(), event.callbackId()));
        byte[] digest = new byte[MEANING_BYTES];
        blake2b.update(parts, 0, parts.length);
        blake2b.doFinal(digest, 0);
        return HexFormat.of().formatHex(digest);
    }

    private static <V> void remember(Map<String, V> remembered, String key, V value) {
        remembered.put(key, value);
        if (remembered.size() > REMEMBERED_MAX) {
            Iterator<String> oldest = remembered.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    private static Instant latest(Instant one, Instant other) {
        return other == null || one.isAfter(other) ? one : other;
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }
}
