// Takes dial commands, has calls placed, and says what came of each. It may be killed at any time.
//
//     node dialer.js
//
// docs/dialers.md says what a dialer has to do, docs/clients.md how this one does it.

import { randomUUID } from 'node:crypto'
import { Answers, Commands, Events } from './ringback.js'

const { DIAL_URL } = process.env
const FRESH_MS = 30_000
const ASKED_TIMES = 3
const ANSWER_WITHIN_MS = 5_000

// What one process does with commands.
class Dialer {
  events = new Events()
  commands = new Commands()
  answers = new Answers()

  // Sees to it that Ringback is told what came of a command: a wrap-up, or that it comes back undialed.
  async take (command, record) {
    const { command_id: commandId, expires_at: expiresAt } = command
    const fresh = command.checks === 'passed' && Date.now() - record.writtenAt < FRESH_MS
    if (await this.commands.begun(record) === commandId) { // Its call was begun, and whoever began it saw no end.
      await this.wrapUp(command, 'DIALER-INTERRUPTED', null)
    } else if (expiresAt !== null && Date.now() >= Date.parse(expiresAt)) {
      await this.giveBack(command, 'expired')
    } else if (!fresh && !await this.mayDial(command)) {
      await this.giveBack(command, 'failed')
    } else {
      await this.commands.commit(record, record.offset, commandId) // From here on nobody dials it again.
      const dialedAt = new Date()
      await this.wrapUp(command, await dial(command), dialedAt)
    }
    await this.commands.commit(record, record.offset + 1)
  }

  // Asks Ringback whether the call may be placed now. Without an answer it may not.
  async mayDial (command) {
    const requestId = randomUUID()
    for (let asked = 0; asked < ASKED_TIMES; asked++) {
      await this.tell('placement-requested', command, randomUUID(), {
        request_id: requestId, origin: 'callback', agent_id: command.agent_id, phone_number: command.phone_number,
        command_id: command.command_id, reply_to: this.answers.me
      })
      const answer = await this.answers.to(requestId, ANSWER_WITHIN_MS)
      if (answer) return answer.allowed && Date.now() < Date.parse(answer.valid_until)
    }
    return false
  }

  // A call was placed, and this came of it. The id of the command is that of the conversation.
  async wrapUp (command, code, dialedAt) {
    await this.tell('wrap-up', command, `${code}-${command.command_id}`, {
      conversation_id: command.command_id, wrap_up_code: code, agent_id: command.agent_id,
      phone_number: command.phone_number, phone_column: command.phone_column, dialed_at: dialedAt
    })
  }

  // No call was placed.
  async giveBack (command, reason) {
    await this.tell('callback-scheduled', command, `${reason}-${command.command_id}`, {
      type: 'returned', command_id: command.command_id, reason
    })
  }

  // Sends an event about the callback of a command.
  async tell (topic, command, eventId, more) {
    const { campaign_id, contact_list_id, contact_id, callback_id } = command
    await this.events.send(topic, { campaign_id, contact_list_id, contact_id, callback_id, event_id: eventId, ...more })
  }
}

// Places the call, and returns its wrap-up code when it has ended. This is the part to replace by your own.
//
// With DIAL_URL a POST of the command places the call, and is answered with the code when the call has ended.
async function dial (command) {
  console.log('dials', command.phone_number)
  if (!DIAL_URL) return 'ANSWERED'
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(DIAL_URL, { method: 'POST', headers, body: JSON.stringify(command) })
  if (!answer.ok) throw new Error(`${DIAL_URL} answers ${answer.status}`)
  return await answer.text()
}

// For ever.
const dialer = new Dialer()
for (const client of [dialer.events, dialer.answers, dialer.commands]) await client.connect()
await dialer.commands.each((command, record) => dialer.take(command, record))
