import type { Reason } from "@/api/types";

/** Why an attempt or a delivery came out as it did, and what to do about it. */
export const REASONS: Record<Reason, string> = {
  delivered: "The receiver has taken it.",
  "http-client-error":
    "The receiver refused the request. Check the URL, its headers and what the receiver expects.",
  "http-server-error": "The receiver failed while it worked on the request.",
  "http-redirect": "The receiver points to another URL. Redirects are not followed: enter the final one.",
  "rate-limited": "The receiver asks to be sent less. It is tried again later.",
  gone: "The receiver says that it is gone for good; the endpoint is disabled.",
  "smtp-temporary": "The mail server cannot take it now. It is tried again later.",
  "smtp-permanent": "The mail server refuses this address or message.",
  "timed-out": "No answer came in time.",
  "connection-failed": "No connection could be made. Check host and port, and whether the receiver runs.",
  "name-not-resolved": "The name of the host is not known.",
  "tls-failed": "The encrypted connection could not be set up. Check the certificate of the receiver.",
  "forbidden-address":
    "The platform may not connect to this address: the operator decides which are allowed.",
  "protocol-error": "What came back is not an answer of the protocol.",
  "not-configured": "The platform is not set up for this type of endpoint. Ask the operator.",
  "circuit-open": "This host has failed so often lately that it is given a rest. It is tried again later.",
  interrupted: "The sender was stopped in the middle: nobody knows whether the message arrived.",
  "placeholder-domain": "This is a domain for examples: nothing is ever sent there.",
  "endpoint-disabled": "The endpoint was disabled before it was sent.",
  "endpoint-deleted": "The endpoint was deleted before it was sent.",
  "endpoint-changed": "The endpoint no longer has this target.",
  "too-many-recipients": "The notification has more recipients than are allowed.",
};
