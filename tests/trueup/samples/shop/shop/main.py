from fastapi import FastAPI
from shop.config import get_settings
from shop.routers import items, orders

settings = get_settings()
app = FastAPI(title="Corner shop", version="1.2.0")
app.include_router(items.router)
app.include_router(orders.router)

@app.get("/health", include_in_schema=False)
def health():
    return {"status": "ok"}
