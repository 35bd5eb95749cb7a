from datetime import datetime
from enum import Enum
from pydantic import BaseModel, Field

class Status(str, Enum):
    open = "open"
    paid = "paid"
    shipped = "shipped"

class ItemIn(BaseModel):
    name: str = Field(..., max_length=80)
    price: float = Field(..., gt=0)
    stock: int = 0

class Item(ItemIn):
    id: int

class Line(BaseModel):
    item_id: int
    quantity: int = 1

class OrderIn(BaseModel):
    customer: str
    lines: list[Line]

class Order(OrderIn):
    id: int
    status: Status = Status.open
    created_at: datetime
    total: float
