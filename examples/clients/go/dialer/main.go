// Takes dial commands, has calls placed, and says what came of each. It may be killed at any time.
//
//	bin/dialer
//
// docs/dialers.md says what a dialer has to do, docs/clients.md how this one does it.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ringback-clients/ringback"
)

const (
	freshFor     = 30 * time.Second
	askedTimes   = 3
	answerWithin = 5 * time.Second
)

var dialURL = os.Getenv("DIAL_URL")

// What one process does with commands.
type dialer struct {
	events   *ringback.Events
	commands *ringback.Commands
	answers  *ringback.Answers
}

// See to it that Ringback is told what came of a command: a wrap-up, or that it comes back undialed.
func (d *dialer) take(command ringback.Event, record *kgo.Record) error {
	commandID, expiresAt := command.Text("command_id"), command.Text("expires_at")
	fresh := command["checks"] == "passed" && time.Since(record.Timestamp) < freshFor
	if d.commands.Begun(record) == commandID { // Its call was begun, and whoever began it saw no end.
		d.wrapUp(command, "DIALER-INTERRUPTED", nil)
	} else if expiresAt != "" && !time.Now().Before(instant(expiresAt)) {
		d.giveBack(command, "expired")
	} else if !fresh && !d.mayDial(command) {
		d.giveBack(command, "failed")
	} else {
		if err := d.commands.Commit(record, record.Offset, commandID); err != nil {
			return err
		} // From here on nobody dials it again.
		dialedAt := time.Now()
		d.wrapUp(command, dial(command), &dialedAt)
	}
	return d.commands.Commit(record, record.Offset+1, "")
}

// Ask Ringback whether the call may be placed now. Without an answer it may not.
func (d *dialer) mayDial(command ringback.Event) bool {
	requestID := rand.Text()
	for range askedTimes {
		d.tell("placement-requested", command, rand.Text(), ringback.Event{
			"request_id": requestID, "origin": "callback", "agent_id": command["agent_id"],
			"phone_number": command["phone_number"], "command_id": command["command_id"], "reply_to": d.answers.Me,
		})
		if answer := d.answers.To(requestID, answerWithin); answer != nil {
			return answer["allowed"] == true && time.Now().Before(instant(answer.Text("valid_until")))
		}
	}
	return false
}

// A call was placed, and this came of it. The id of the command is that of the conversation.
func (d *dialer) wrapUp(command ringback.Event, code string, dialedAt *time.Time) {
	d.tell("wrap-up", command, code+"-"+command.Text("command_id"), ringback.Event{
		"conversation_id": command["command_id"], "wrap_up_code": code, "agent_id": command["agent_id"],
		"phone_number": command["phone_number"], "phone_column": command["phone_column"], "dialed_at": dialedAt,
	})
}

// No call was placed.
func (d *dialer) giveBack(command ringback.Event, reason string) {
	d.tell("callback-scheduled", command, reason+"-"+command.Text("command_id"), ringback.Event{
		"type": "returned", "command_id": command["command_id"], "reason": reason,
	})
}

// Send an event about the callback of a command.
func (d *dialer) tell(topic string, command ringback.Event, eventID string, more ringback.Event) {
	event := ringback.Event{"event_id": eventID}
	for _, name := range []string{"campaign_id", "contact_list_id", "contact_id", "callback_id"} {
		event[name] = command[name]
	}
	maps.Copy(event, more)
	d.events.Send(topic, event)
}

// Place the call, and return its wrap-up code when it has ended. This is the part to replace by your own.
//
// With DIAL_URL a POST of the command places the call, and is answered with the code when the call has ended.
func dial(command ringback.Event) string {
	fmt.Println("dials", command.Text("phone_number"))
	if dialURL == "" {
		return "ANSWERED"
	}
	body, err := json.Marshal(command)
	fatal(err)
	answer, err := http.Post(dialURL, "application/json", bytes.NewReader(body))
	fatal(err)
	defer answer.Body.Close()
	code, err := io.ReadAll(answer.Body)
	fatal(err)
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("%s answers %s", dialURL, answer.Status)
	}
	return string(code)
}

func instant(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	fatal(err)
	return parsed
}

// fatal ends the program if there is an error.
func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// For ever.
func main() {
	d := &dialer{ringback.NewEvents(), ringback.NewCommands(), ringback.NewAnswers()}
	for {
		record := d.commands.Next()
		if err := d.take(ringback.Decoded(record.Value), record); err != nil {
			log.Printf("partition %d: %v", record.Partition, err)
		}
	}
}
