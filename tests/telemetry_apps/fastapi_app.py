"""A small FastAPI app that reports: `python fastapi_app.py PORT`, with its DSN in SENTRY_DSN."""

from __future__ import annotations

import asyncio
import os
import sys

import sentry_sdk
import uvicorn
from fastapi import FastAPI

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"], traces_sample_rate=1.0)
app = FastAPI()


@app.get("/items/{number}")
async def item(number: int) -> dict[str, int]:
    """Two things at once."""

    async def look(where: str) -> None:
        with sentry_sdk.start_span(op="cache.get", name=where):
            await asyncio.sleep(0.01)

    await asyncio.gather(look("stock"), look("price"))
    return {"number": number}


@app.get("/broken")
async def broken() -> None:
    """Fail."""
    raise RuntimeError("no such page")


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
