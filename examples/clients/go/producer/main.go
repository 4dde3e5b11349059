// Sends a callback for each line of its input, a JSON object with the fields of docs/contract.md.
//
//	bin/producer < callbacks.jsonl
package main

import (
	"bufio"
	"fmt"
	"log"
	"maps"
	"os"

	"ringback-clients/ringback"
)

// Until the input ends. A line that is sent once more changes nothing: the id of its event is the same.
func main() {
	events := ringback.NewEvents()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		callback := ringback.Decoded(lines.Bytes())
		id := callback.Text("callback_id")
		scheduled := ringback.Event{"type": "scheduled", "event_id": "scheduled-" + id, "source": "script"}
		maps.Copy(scheduled, callback)
		events.Send("callback-scheduled", scheduled)
		fmt.Println("sent", id)
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
