"""The guest book of `app.py` with a shop beside it, as shops are: its database is far away, and its pages ask more of
it than they need to. It reports what it does to the Sentry that `SENTRY_DSN` names, such as opsterm.
"""

from __future__ import annotations

import os
import sqlite3
import time
from typing import Any

import sentry_sdk
from flask import Response, jsonify
from sqlalchemy import StaticPool, create_engine, text

sentry_sdk.init(dsn=os.environ.get("SENTRY_DSN"), traces_sample_rate=1.0, enable_logs=True)

from app import app  # noqa: E402  Sentry first: what it watches has to be made after it

FAR = 0.004
"""Seconds to the database and back, as to one in the next building."""


class FarCursor(sqlite3.Cursor):
    """A cursor whose database is far away."""

    def execute(self, *asked: Any) -> sqlite3.Cursor:
        """Ask after the time that the way takes."""
        time.sleep(FAR)
        return super().execute(*asked)


class FarConnection(sqlite3.Connection):
    """A connection to SQLite that is as slow as one over a network."""

    def cursor(self, *_: Any) -> sqlite3.Cursor:
        """A cursor as slow as this."""
        return super().cursor(FarCursor)


engine = create_engine(
    "sqlite://", connect_args={"factory": FarConnection, "check_same_thread": False}, poolclass=StaticPool
)


def fill() -> None:
    """Put forty customers and their orders in."""
    with engine.begin() as db:
        db.execute(text("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT)"))
        db.execute(text("CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER, cents INTEGER)"))
        people = [{"id": number, "name": f"Customer {number}"} for number in range(1, 41)]
        bought = [{"customer": number % 40 + 1, "cents": number * 37 % 9900} for number in range(1200)]
        for person in people:
            db.execute(text("INSERT INTO customer VALUES (:id, :name)"), person)
        db.execute(text("INSERT INTO purchase (customer_id, cents) VALUES (:customer, :cents)"), bought)


@app.get("/orders")
def orders() -> Response:
    """The last orders, with a query for the name of each customer (N+1), where one query with a join would do."""
    with engine.connect() as db:
        last = db.execute(text("SELECT id, customer_id, cents FROM purchase ORDER BY id DESC LIMIT 25")).all()
        name = text("SELECT name FROM customer WHERE id = :id")
        shown = [
            {"id": one.id, "customer": db.execute(name, {"id": one.customer_id}).scalar_one(), "cents": one.cents}
            for one in last
        ]
    return jsonify(shown)


@app.get("/orders-joined")
def orders_joined() -> Response:
    """The same as `/orders`, by one query."""
    with engine.connect() as db:
        asked = (
            "SELECT purchase.id, customer.name AS customer, cents FROM purchase"
            " JOIN customer ON customer.id = customer_id ORDER BY purchase.id DESC LIMIT 25"
        )
        return jsonify([dict(one) for one in db.execute(text(asked)).mappings()])


@app.get("/report")
def report() -> Response:
    """A slow page: a query that looks at every pair of orders, and a pause that no span accounts for."""
    with engine.connect() as db:
        asked = "SELECT count(*) FROM purchase a, purchase b, customer c WHERE c.id < 16 AND a.cents + c.id > b.cents"
        pairs = db.execute(text(asked)).scalar_one()
    time.sleep(0.15)
    return jsonify({"pairs": pairs})


@app.get("/broken")
def broken() -> str:
    """A page that fails."""
    app.logger.warning("the cart of nobody is asked for")
    carts: dict[str, str] = {}
    return carts["nobody"]


fill()
if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8000")))
