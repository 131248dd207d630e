// A Node program that reports: `node node_app.js`, with its DSN in SENTRY_DSN and @sentry/node on NODE_PATH.
const Sentry = require("@sentry/node");

Sentry.init({ dsn: process.env.SENTRY_DSN, tracesSampleRate: 1.0, release: "node@1", environment: "dev" });

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
