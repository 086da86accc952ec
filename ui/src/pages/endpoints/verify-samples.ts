/** Code that verifies a request, with nothing but what each language brings. */
export const SAMPLES = {
  Python: `import base64, hashlib, hmac, time

def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    head = f"{headers['webhook-id']}.{headers['webhook-timestamp']}."
    digest = hmac.new(key, head.encode() + body, hashlib.sha256).digest()
    ours = "v1," + base64.b64encode(digest).decode()
    theirs = headers["webhook-signature"].split()
    return any(hmac.compare_digest(ours, each) for each in theirs)
`,
  "Node.js": `import { createHmac, timingSafeEqual } from "node:crypto";

export function verify(secret, headers, body /* a Buffer */) {
  const { "webhook-id": id, "webhook-timestamp": at } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(at)) <= 300)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const hmac = createHmac("sha256", key).update(\`\${id}.\${at}.\`).update(body);
  const ours = Buffer.from("v1," + hmac.digest("base64"));
  return headers["webhook-signature"].split(" ").some((each) => {
    const theirs = Buffer.from(each);
    return theirs.length === ours.length && timingSafeEqual(theirs, ours);
  });
}
`,
} as const;
