import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What the producer and the dialer need of Kafka, with Kafka's own client.
 *
 * <p>Settings are those of a worker, from the environment: RINGBACK_BROKER, RINGBACK_PREFIX, RINGBACK_SECURITY_PROTOCOL
 * and so on. What cannot be read or written ends the program; whoever starts it again goes on where it was.
 */
final class Ringback {
    static {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFIX = env("RINGBACK_PREFIX", "ringback.");
    private static final String GROUP = PREFIX + "dialer";

    private Ringback() {}

    /** Another dialer has been given the partition: it reads the command again. */
    static final class Lost extends Exception {
        private static final long serialVersionUID = 1;

        Lost(Exception cause) {
            super(cause);
        }
    }

    /** Sends events of contacts, each once, to the partition of its contact. */
    static final class Events implements AutoCloseable {
        private final KafkaProducer<String, String> producer;

        Events() throws IOException {
            Map<String, Object> settings = connection();
            // Both are the defaults of this client, and so is its partitioner.
            settings.putAll(Map.of("enable.idempotence", true, "acks", "all"));
            producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
        }

        /** Returns when Kafka has it. topic: without prefix. */
        void send(String topic, Map<String, Object> event)
                throws IOException, InterruptedException, ExecutionException {
            Map<String, Object> sent = new HashMap<>(event);
            sent.putIfAbsent("occurred_at", Instant.now().toString());
            String key = event.get("contact_list_id") + "|" + event.get("contact_id");
            producer.send(new ProducerRecord<>(PREFIX + topic, key, encoded(sent))).get();
        }

        @Override
        public void close() {
            producer.close();
        }
    }

    /**
     * The commands of this dialer's partitions, one after the other.
     *
     * <p>How far it has come is kept by Kafka: the offset of its group in each partition, and as metadata of that
     * offset the id of the command that stands there, once its call has been begun.
     */
    static final class Commands {
        private final KafkaConsumer<String, String> consumer;

        Commands() throws IOException {
            Map<String, Object> settings = connection();
            settings.putAll(Map.of(
                    "group.id", GROUP, "isolation.level", "read_committed", "enable.auto.commit", false,
                    "auto.offset.reset", "earliest", "partition.assignment.strategy", RangeAssignor.class.getName(),
                    "session.timeout.ms", 6000, "heartbeat.interval.ms", 1000, "max.poll.records", 1));
            consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
            consumer.subscribe(List.of(PREFIX + "dial-preview", PREFIX + "dial-analysis"));
        }

        /** Waits for the next one. */
        ConsumerRecord<String, String> next() {
            while (true) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    return record;
                }
            }
        }

        /** The command of the partition whose call was begun, and whose end nobody has committed; else empty. */
        String begun(ConsumerRecord<String, String> record) {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            OffsetAndMetadata committed = consumer.committed(Set.of(partition)).get(partition);
            return committed == null ? "" : committed.metadata();
        }

        /** Keeps in Kafka how far this dialer has come in the record's partition. */
        void commit(ConsumerRecord<String, String> record, long offset, String begun) throws Lost {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            try {
                consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset, begun)));
            } catch (CommitFailedException | RebalanceInProgressException left) {
                throw new Lost(left);
            }
        }
    }

    /** What Ringback answers to placement requests, from now on. me: what requests have as `reply_to`. */
    static final class Answers {
        final String me = UUID.randomUUID().toString();
        private final KafkaConsumer<String, String> consumer;

        Answers() throws IOException {
            Map<String, Object> settings = connection();
            settings.putAll(Map.of("isolation.level", "read_committed", "enable.auto.commit", false));
            consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
            // Without a group: each dialer reads all answers, and takes those to its own address.
            List<TopicPartition> partitions = consumer.partitionsFor(PREFIX + "placement-decided").stream()
                    .map(one -> new TopicPartition(one.topic(), one.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            partitions.forEach(consumer::position);
        }

        /** The answer to a request of this dialer; null if it does not come in time. */
        Map<String, Object> to(String requestId, Duration within) throws IOException {
            Instant until = Instant.now().plus(within);
            for (Instant now = Instant.now(); now.isBefore(until); now = Instant.now()) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.between(now, until))) {
                    Map<String, Object> answer = decoded(record.value());
                    if (me.equals(answer.get("reply_to")) && requestId.equals(answer.get("request_id"))) {
                        return answer;
                    }
                }
            }
            return null;
        }
    }

    static String encoded(Map<String, Object> event) throws IOException {
        return JSON.writeValueAsString(event);
    }

    static Map<String, Object> decoded(String value) throws IOException {
        return JSON.readValue(value, new TypeReference<Map<String, Object>>() {});
    }

    /** How to reach Kafka. */
    private static Map<String, Object> connection() throws IOException {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", env("RINGBACK_BROKER", "127.0.0.1:9092"));
        settings.put("security.protocol", env("RINGBACK_SECURITY_PROTOCOL", "PLAINTEXT"));
        String mechanism = env("RINGBACK_SASL_MECHANISM", null);
        if (mechanism != null) {
            String module = mechanism.startsWith("SCRAM") ? "scram.ScramLoginModule" : "plain.PlainLoginModule";
            settings.put("sasl.mechanism", mechanism);
            String login = "org.apache.kafka.common.security.%s required username=\"%s\" password=\"%s\";";
            settings.put("sasl.jaas.config", login.formatted(
                    module, quoted("RINGBACK_SASL_USERNAME"), quoted("RINGBACK_SASL_PASSWORD")));
        }
        String authorities = env("RINGBACK_TLS_CA_FILE", null);
        if (authorities != null) {
            settings.putAll(Map.of("ssl.truststore.type", "PEM", "ssl.truststore.location", authorities));
        }
        String certificate = env("RINGBACK_TLS_CERT_FILE", null);
        if (certificate != null) {
            settings.put("ssl.keystore.type", "PEM");
            settings.put("ssl.keystore.certificate.chain", Files.readString(Path.of(certificate)));
            settings.put("ssl.keystore.key", Files.readString(Path.of(env("RINGBACK_TLS_KEY_FILE", certificate))));
        }
        return settings;
    }

    private static String quoted(String name) {
        return env(name, "").replace("\\", "\\\\").replace("\"", "\\\"");
    }

    private static String env(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
