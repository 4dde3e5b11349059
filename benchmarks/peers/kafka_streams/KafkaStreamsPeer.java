import java.io.File;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams doing the same work as Ringback's worker for a wrap-up: one thread, exactly once, rows in RocksDB.
 *
 * <p>Arguments: bootstrap brokers, prefix of topics, application id, state folder, file with the rule set.
 * What is not set here is the library's default.
 */
public final class KafkaStreamsPeer {
    static final String ROWS = "rows";
    static final String LIFECYCLE = "lifecycle";
    static final String VIEW = "view";

    private KafkaStreamsPeer() {}

    public static void main(String[] arguments) throws Exception {
        String prefix = arguments[1];
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[2]);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");

        Rules rules = new Rules(new File(arguments[4]), Messages.mapper());
        KafkaStreams streams = new KafkaStreams(topology(prefix, rules), properties);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.ERROR) {
                ended.countDown();
            }
        });
        streams.start();
        ended.await();
        Runtime.getRuntime().halt(1);
    }

    private static Topology topology(String prefix, Rules rules) {
        Topology topology = new Topology();
        topology.addSource(
                "source", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), prefix + "wrap-up");
        topology.addProcessor("decide", () -> new WrapUpProcessor(rules), "source");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(ROWS), Serdes.String(), Serdes.ByteArray()),
                "decide");
        topology.addSink(
                LIFECYCLE,
                prefix + "callback-lifecycle",
                Serdes.String().serializer(),
                Serdes.ByteArray().serializer(),
                "decide");
        topology.addSink(
                VIEW,
                prefix + "outstanding-callbacks",
                Serdes.String().serializer(),
                Serdes.ByteArray().serializer(),
                "decide");
        return topology;
    }
}
