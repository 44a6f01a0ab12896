// Signature Version 4 for requests with a body in memory, on Web Crypto.
// Source: AWS General Reference, "Signature Version 4 signing process".

const encoder = new TextEncoder();
const hex = (bytes) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));

async function hmac(key, text) {
  const raw = typeof key === "string" ? encoder.encode(key) : key;
  const imported = await crypto.subtle.importKey(
    "raw",
    raw,
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  return crypto.subtle.sign("HMAC", imported, encoder.encode(text));
}

/** The headers that sign a request without a query; paths are encoded once more, as every service
 *  but S3 asks. */
export async function signedHeaders(
  method,
  url,
  body,
  { accessKeyID, secretAccessKey, region, service },
) {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const date = timestamp.slice(0, 8);
  const path = url.pathname.split("/").map(encodeURIComponent).join("/");
  const canonical = [
    method,
    path,
    "",
    `host:${url.host}`,
    `x-amz-date:${timestamp}`,
    "",
    "host;x-amz-date",
    await sha256(body),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", timestamp, scope, await sha256(canonical)].join("\n");
  let key = `AWS4${secretAccessKey}`;
  for (const part of [date, region, service, "aws4_request"]) key = await hmac(key, part);
  const signature = hex(await hmac(key, text));
  return {
    "x-amz-date": timestamp,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyID}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  };
}
