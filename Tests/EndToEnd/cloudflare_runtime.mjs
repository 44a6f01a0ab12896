// Runs the Worker of infra/cloudflare once: messages as JSON on standard input, outcomes on standard output.
import relay from "../../infra/cloudflare/relay.js";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { messages, scheduledTime, env } = JSON.parse(text);
const outcomes = messages.map(() => "none");
await relay.queue(
  {
    messages: messages.map((body, index) => ({
      body,
      attempts: 1,
      ack: () => {
        outcomes[index] = "ack";
      },
      retry: () => {
        outcomes[index] = "retry";
      },
    })),
  },
  env,
);
if (scheduledTime) await relay.scheduled({ scheduledTime }, env);
console.log(JSON.stringify(outcomes));
