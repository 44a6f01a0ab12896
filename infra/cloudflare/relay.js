// The functions' triggers on Cloudflare: a Worker consumes the queue of R2's event notifications and
// a cron trigger, and invokes the functions on Lambda as S3 and EventBridge would.

import catalogue from "../functions.json" with { type: "json" };
import { signedHeaders } from "./sigv4.js";

const TRIGGERS = catalogue.functions.flatMap((each) =>
  (each.objectEvents ?? []).map((filter) => ({ name: each.name, ...filter })),
);
const SCHEDULED = catalogue.functions.filter((each) => each.schedule).map((each) => each.name);

// R2's names of changes, by the names that S3 gives them.
const EVENT_NAMES = {
  PutObject: "ObjectCreated:Put",
  CopyObject: "ObjectCreated:Copy",
  CompleteMultipartUpload: "ObjectCreated:CompleteMultipartUpload",
  DeleteObject: "ObjectRemoved:Delete",
  LifecycleDeletion: "ObjectRemoved:Delete",
};

const passes = (pattern, name) =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

/** The function that an event starts, or null: filters do not overlap. */
export function target(eventName, key) {
  const found = TRIGGERS.find(
    (each) =>
      each.events.some((pattern) => passes(pattern, eventName)) &&
      key.startsWith(each.prefix) &&
      key.endsWith(each.suffix),
  );
  return found?.name ?? null;
}

/** S3's notification of one of R2's messages (record version 2.1). */
export function notification(message) {
  const object = { key: encodeURIComponent(message.object.key).replace(/%20/g, "+") };
  if (message.object.size !== undefined) object.size = message.object.size;
  if (message.object.eTag !== undefined) object.eTag = message.object.eTag;
  return {
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: "auto",
        eventTime: message.eventTime,
        eventName: EVENT_NAMES[message.action],
        s3: { s3SchemaVersion: "1.0", bucket: { name: message.bucket }, object },
      },
    ],
  };
}

/** EventBridge's event of a cron trigger. */
function tick(time) {
  return {
    id: crypto.randomUUID(),
    source: "aws.events",
    "detail-type": "Scheduled Event",
    time: new Date(time).toISOString().replace(/\.\d+Z$/, "Z"),
    detail: {},
  };
}

/** Queues an event at a function. Throws unless Lambda has accepted it (202). */
async function invoke(name, event, env) {
  const url = new URL(
    `/2015-03-31/functions/${env.FUNCTION_PREFIX ?? ""}${name}/invocations`,
    env.LAMBDA_ENDPOINT,
  );
  const body = JSON.stringify(event);
  const headers = await signedHeaders("POST", url, body, {
    accessKeyID: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    region: env.AWS_REGION,
    service: "lambda",
  });
  headers["x-amz-invocation-type"] = "Event";
  const response = await fetch(url, { method: "POST", headers, body });
  await response.arrayBuffer();
  if (response.status !== 202) throw new Error(`${name} answered ${response.status}`);
}

export default {
  /** Each message is acknowledged or retried alone; Queues delivers at least once. */
  async queue(batch, env) {
    await Promise.all(
      batch.messages.map(async (message) => {
        const eventName = EVENT_NAMES[message.body.action];
        const name = eventName && target(eventName, message.body.object.key);
        if (!name) return message.ack();
        try {
          await invoke(name, notification(message.body), env);
          message.ack();
        } catch (error) {
          console.error(`Event not relayed: ${error.message}`);
          message.retry({ delaySeconds: 2 ** Math.min(message.attempts ?? 1, 8) });
        }
      }),
    );
  },

  async scheduled(event, env) {
    await Promise.all(SCHEDULED.map((name) => invoke(name, tick(event.scheduledTime), env)));
  },
};
