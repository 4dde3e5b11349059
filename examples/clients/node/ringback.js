// What the producer and the dialer need of Kafka, with kafkajs.
//
// Settings are those of a worker, from the environment: RINGBACK_BROKER, RINGBACK_PREFIX, RINGBACK_SECURITY_PROTOCOL
// and so on. What cannot be read or written ends the program; whoever starts it again goes on where it was.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'

const { Kafka, Partitioners, logLevel } = kafkajs
const env = process.env
export const PREFIX = env.RINGBACK_PREFIX ?? 'ringback.'
const GROUP = `${PREFIX}dialer`
const kafka = new Kafka(connection())

// How to reach Kafka.
function connection () {
  const protocol = env.RINGBACK_SECURITY_PROTOCOL ?? 'PLAINTEXT'
  const read = file => file && readFileSync(file, 'utf8')
  return {
    brokers: (env.RINGBACK_BROKER ?? '127.0.0.1:9092').split(','),
    ssl: protocol.endsWith('SSL') && {
      ca: read(env.RINGBACK_TLS_CA_FILE),
      cert: read(env.RINGBACK_TLS_CERT_FILE),
      key: read(env.RINGBACK_TLS_KEY_FILE ?? env.RINGBACK_TLS_CERT_FILE)
    },
    sasl: protocol.startsWith('SASL')
      ? {
          mechanism: env.RINGBACK_SASL_MECHANISM.toLowerCase(),
          username: env.RINGBACK_SASL_USERNAME,
          password: env.RINGBACK_SASL_PASSWORD
        }
      : undefined,
    logLevel: logLevel.ERROR
  }
}

// Sends events of contacts, each once, to the partition of its contact.
export class Events {
  // That of Java's client: kafkajs had another default before version 2.
  producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner, idempotent: true, maxInFlightRequests: 1
  })

  async connect () {
    await this.producer.connect()
  }

  // Returns when Kafka has it. topic: without prefix.
  async send (topic, event) {
    const key = `${event.contact_list_id}|${event.contact_id}`
    const value = JSON.stringify({ occurred_at: new Date().toISOString(), ...event })
    await this.producer.send({ topic: PREFIX + topic, acks: -1, messages: [{ key, value }] })
  }

  async close () {
    await this.producer.disconnect()
  }
}

// The commands of this dialer's partitions, one after the other.
//
// How far it has come is kept by Kafka: the offset of its group in each partition, and as metadata of that offset the
// id of the command that stands there, once its call has been begun.
export class Commands {
  consumer = kafka.consumer({
    groupId: GROUP, readUncommitted: false, sessionTimeout: 6000, heartbeatInterval: 1000, rebalanceTimeout: 300_000,
    maxWaitTimeInMs: 1000
  })

  admin = kafka.admin()

  async connect () {
    await Promise.all([this.consumer.connect(), this.admin.connect()])
    await this.consumer.subscribe({ topics: [`${PREFIX}dial-preview`, `${PREFIX}dial-analysis`], fromBeginning: true })
    this.consumer.on(this.consumer.events.CRASH, ({ payload }) => payload.restart || process.exit(1))
  }

  // Has each command taken. If another dialer has been given the partition meanwhile, a commit throws, and kafkajs
  // joins the group anew: whoever has the partition then reads the command again.
  async each (take) {
    await this.consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message, heartbeat }) => {
        const offset = Number(message.offset)
        const record = { topic, partition, offset, writtenAt: Number(message.timestamp) }
        const alive = setInterval(() => heartbeat().catch(() => {}), 1000) // A call takes longer than the session.
        try {
          await take(JSON.parse(message.value), record)
        } finally {
          clearInterval(alive)
        }
      }
    })
  }

  // The command of the partition whose call was begun, and whose end nobody has committed; else empty.
  async begun (record) {
    const [{ partitions }] = await this.admin.fetchOffsets({ groupId: GROUP, topics: [record.topic] })
    return partitions.find(one => one.partition === record.partition).metadata ?? ''
  }

  // Keeps in Kafka how far this dialer has come in the record's partition.
  async commit (record, offset, begun = '') {
    const { topic, partition } = record
    await this.consumer.commitOffsets([{ topic, partition, offset: String(offset), metadata: begun }])
  }
}

// What Ringback answers to placement requests, from now on. me: what requests have as `reply_to`.
export class Answers {
  me = randomUUID()
  own = new Map()
  // kafkajs reads in groups alone, so each dialer has one of its own: it reads all answers, and takes those to it.
  consumer = kafka.consumer({ groupId: `${GROUP}-answers-${this.me}`, readUncommitted: false, maxWaitTimeInMs: 500 })

  async connect () {
    await this.consumer.connect()
    await this.consumer.subscribe({ topic: `${PREFIX}placement-decided`, fromBeginning: false })
    const listening = new Promise(resolve => this.consumer.on(this.consumer.events.FETCH, resolve))
    await this.consumer.run({ autoCommit: false, eachMessage: async ({ message }) => this.#hear(message) })
    await listening
  }

  #hear (message) {
    const answer = JSON.parse(message.value)
    if (answer.reply_to === this.me) this.own.set(answer.request_id, answer)
  }

  // The answer to a request of this dialer; undefined if it does not come in time.
  async to (requestId, withinMs) {
    const until = Date.now() + withinMs
    while (!this.own.has(requestId) && Date.now() < until) await sleep(5)
    return this.own.get(requestId)
  }
}
