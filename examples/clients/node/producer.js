// Sends a callback for each line of its input, a JSON object with the fields of docs/contract.md.
//
//     node producer.js < callbacks.jsonl

import { createInterface } from 'node:readline'
import { Events } from './ringback.js'

// Until the input ends. A line that is sent once more changes nothing: the id of its event is the same.
const events = new Events()
await events.connect()
for await (const line of createInterface({ input: process.stdin })) {
  const callback = JSON.parse(line)
  const scheduled = { type: 'scheduled', event_id: `scheduled-${callback.callback_id}`, source: 'script' }
  await events.send('callback-scheduled', { ...scheduled, ...callback })
  console.log('sent', callback.callback_id)
}
await events.close()
