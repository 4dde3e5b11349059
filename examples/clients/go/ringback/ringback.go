// Package ringback has what the producer and the dialer need of Kafka, with franz-go.
//
// Settings are those of a worker, from the environment: RINGBACK_BROKER, RINGBACK_PREFIX, RINGBACK_SECURITY_PROTOCOL
// and so on. What cannot be read or written ends the program; whoever starts it again goes on where it was.
package ringback

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Event is a JSON object: an event, a command or an answer.
type Event map[string]any

// Text is a field; empty if it is null or not there.
func (e Event) Text(name string) string {
	text, _ := e[name].(string)
	return text
}

// Decoded reads a JSON object.
func Decoded(value []byte) Event {
	var event Event
	fatal(json.Unmarshal(value, &event))
	return event
}

// ErrLost says that another dialer has been given the partition: it reads the command again.
var ErrLost = errors.New("another dialer has the partition")

var (
	background = context.Background()
	prefix     = env("RINGBACK_PREFIX", "ringback.")
	group      = prefix + "dialer"
)

// Events sends events of contacts, each once, to the partition of its contact.
type Events struct{ client *kgo.Client }

// NewEvents connects.
func NewEvents() *Events {
	// Both are the defaults of franz-go: Java's partitioner, and an idempotent producer.
	return &Events{client(kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.RequiredAcks(kgo.AllISRAcks()))}
}

// Send returns when Kafka has it. topic: without prefix.
func (e *Events) Send(topic string, event Event) {
	sent := Event{"occurred_at": time.Now().UTC().Format(time.RFC3339Nano)}
	maps.Copy(sent, event)
	value, err := json.Marshal(sent)
	fatal(err)
	key := event.Text("contact_list_id") + "|" + event.Text("contact_id")
	record := &kgo.Record{Topic: prefix + topic, Key: []byte(key), Value: value}
	fatal(e.client.ProduceSync(background, record).FirstErr())
}

// Commands are those of this dialer's partitions, one after the other.
//
// How far it has come is kept by Kafka: the offset of its group in each partition, and as metadata of that offset the
// id of the command that stands there, once its call has been begun.
type Commands struct{ client *kgo.Client }

// NewCommands joins the group.
func NewCommands() *Commands {
	return &Commands{client(
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(prefix+"dial-preview", prefix+"dial-analysis"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(), kgo.Balancers(kgo.RangeBalancer()), kgo.BlockRebalanceOnPoll(),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(time.Second), kgo.RebalanceTimeout(5*time.Minute),
	)}
}

// Next waits for the next one. Until it is called again, the partition stays, unless the group gives this dialer up.
func (c *Commands) Next() *kgo.Record {
	for {
		c.client.AllowRebalance()
		fetches := c.client.PollRecords(background, 1)
		fatal(fetches.Err())
		if records := fetches.Records(); len(records) > 0 {
			return records[0]
		}
	}
}

// Begun is the command of the partition whose call was begun, and whose end nobody has committed; else empty.
func (c *Commands) Begun(record *kgo.Record) string {
	committed, err := kadm.NewClient(c.client).FetchOffsets(background, group)
	fatal(err)
	here, _ := committed.Lookup(record.Topic, record.Partition)
	fatal(here.Err)
	return here.Metadata
}

// Commit keeps in Kafka how far this dialer has come in the record's partition. The error is ErrLost.
func (c *Commands) Commit(record *kgo.Record, offset int64, begun string) error {
	ctx := kgo.PreCommitFnContext(background, func(request *kmsg.OffsetCommitRequest) error {
		request.Topics[0].Partitions[0].Metadata = &begun
		return nil
	})
	place := map[string]map[int32]kgo.EpochOffset{record.Topic: {record.Partition: {Epoch: -1, Offset: offset}}}
	var failed error
	c.client.CommitOffsetsSync(ctx, place,
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, kept *kmsg.OffsetCommitResponse, err error) {
			if failed = err; err == nil {
				failed = kerr.ErrorForCode(kept.Topics[0].Partitions[0].ErrorCode)
			}
		})
	for _, left := range []error{kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.RebalanceInProgress} {
		if errors.Is(failed, left) {
			return ErrLost
		}
	}
	fatal(failed)
	return nil
}

// Answers are what Ringback answers to placement requests, from now on. Me is what requests have as `reply_to`.
type Answers struct {
	Me     string
	client *kgo.Client
}

// NewAnswers begins to listen. Without a group: each dialer reads all answers, and takes those to its own address.
func NewAnswers() *Answers {
	topic, asking := prefix+"placement-decided", client()
	defer asking.Close()
	ends, err := kadm.NewClient(asking).ListEndOffsets(background, topic)
	fatal(err)
	fatal(ends.Error())
	partitions := kgo.ConsumePartitions(ends.KOffsets())
	return &Answers{rand.Text(), client(partitions, kgo.FetchIsolationLevel(kgo.ReadCommitted()))}
}

// To is the answer to a request of this dialer; nil if it does not come in time.
func (a *Answers) To(requestID string, within time.Duration) Event {
	waiting, stop := context.WithTimeout(background, within)
	defer stop()
	for waiting.Err() == nil {
		fetches := a.client.PollRecords(waiting, 1)
		if err := fetches.Err(); !errors.Is(err, context.DeadlineExceeded) {
			fatal(err)
		}
		for _, record := range fetches.Records() {
			answer := Decoded(record.Value)
			if answer.Text("reply_to") == a.Me && answer.Text("request_id") == requestID {
				return answer
			}
		}
	}
	return nil
}

// client is one that reaches Kafka.
func client(more ...kgo.Opt) *kgo.Client {
	options := append(more, kgo.SeedBrokers(strings.Split(env("RINGBACK_BROKER", "127.0.0.1:9092"), ",")...))
	protocol := env("RINGBACK_SECURITY_PROTOCOL", "PLAINTEXT")
	if strings.HasSuffix(protocol, "SSL") {
		options = append(options, kgo.DialTLSConfig(encryption()))
	}
	if strings.HasPrefix(protocol, "SASL") {
		options = append(options, kgo.SASL(mechanism()))
	}
	made, err := kgo.NewClient(options...)
	fatal(err)
	return made
}

func encryption() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if file := os.Getenv("RINGBACK_TLS_CA_FILE"); file != "" {
		signers, err := os.ReadFile(file)
		fatal(err)
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(signers)
	}
	if file := os.Getenv("RINGBACK_TLS_CERT_FILE"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, env("RINGBACK_TLS_KEY_FILE", file))
		fatal(err)
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}

func mechanism() sasl.Mechanism {
	user, password := os.Getenv("RINGBACK_SASL_USERNAME"), os.Getenv("RINGBACK_SASL_PASSWORD")
	switch name := os.Getenv("RINGBACK_SASL_MECHANISM"); name {
	case "PLAIN":
		return plain.Auth{User: user, Pass: password}.AsMechanism()
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism()
	default:
		fatal(fmt.Errorf("RINGBACK_SASL_MECHANISM is %q", name))
		return nil
	}
}

func env(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}

// fatal ends the program if there is an error.
func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
