// A Node program that reports: `node node_app.js [stream]`, with its DSN in SENTRY_DSN and @sentry/node on NODE_PATH.
const Sentry = require("@sentry/node");

const told = { dsn: process.env.SENTRY_DSN, tracesSampleRate: 1.0, release: "node@1", environment: "dev" };
if (process.argv[2] === "stream") {
  told.traceLifecycle = "stream";
  told.integrations = (usual) => [...usual, Sentry.spanStreamingIntegration()];
}
Sentry.init(told);

Sentry.startSpan({ name: "nightly job", op: "task", forceTransaction: true }, () => {
  Sentry.startSpan({ name: "SELECT 1", op: "db" }, () => undefined);
  Sentry.startSpan({ name: "GET http://prices/", op: "http.client" }, () => undefined);
  try {
    throw new TypeError("cart is undefined");
  } catch (error) {
    Sentry.captureException(error);
  }
});

Sentry.flush(5000).then(() => process.exit(0));
