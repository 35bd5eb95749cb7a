from datetime import datetime, timezone
from fastapi import APIRouter, HTTPException
from shop import store
from shop.models import Order, OrderIn, Status

router = APIRouter(prefix="/orders", tags=["orders"])

@router.get("", response_model=list[Order])
def list_orders(status: Status | None = None):
    return [o for o in store.orders.values() if not status or o["status"] == status]

@router.post("", response_model=Order, status_code=201)
def place_order(order: OrderIn):
    total = sum(store.items[l.item_id]["price"] * l.quantity for l in order.lines)
    new = {"id": len(store.orders) + 1, **order.model_dump(), "status": Status.open, "total": total, "created_at": datetime.now(timezone.utc)}
    store.orders[new["id"]] = new
    return new

@router.get("/{order_id}", response_model=Order)
def get_order(order_id: int):
    if order_id not in store.orders:
        raise HTTPException(404, "no such order")
    return store.orders[order_id]

@router.post("/{order_id}/pay", response_model=Order)
def pay(order_id: int):
    store.orders[order_id]["status"] = Status.paid
    return store.orders[order_id]
