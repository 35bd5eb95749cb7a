from fastapi import APIRouter, Depends, Header, HTTPException
from shop import store
from shop.config import Settings, get_settings
from shop.models import Item, ItemIn

router = APIRouter(prefix="/items", tags=["items"])

def writer(x_api_key: str = Header(...), settings: Settings = Depends(get_settings)):
    if x_api_key != settings.api_key:
        raise HTTPException(403, "wrong key")

@router.get("", response_model=list[Item])
def list_items(limit: int = 20, q: str | None = None):
    """List the articles. Use `q` to search."""
    return [i for i in store.items.values() if not q or q.lower() in i["name"].lower()][:limit]

@router.post("", response_model=Item, status_code=201, dependencies=[Depends(writer)])
def add_item(item: ItemIn):
    """Add an article."""
    new = {"id": max(store.items, default=0) + 1, **item.model_dump()}
    store.items[new["id"]] = new
    return new

@router.get("/low", response_model=list[Item])
def low_stock(settings: Settings = Depends(get_settings)):
    """Articles that run out. See [the docs](https://example.com)."""
    return [i for i in store.items.values() if i["stock"] < settings.low_stock]

@router.get("/{item_id}", response_model=Item)
def get_item(item_id: int):
    if item_id not in store.items:
        raise HTTPException(404, "no such article")
    return store.items[item_id]

@router.put("/{item_id}", response_model=Item, dependencies=[Depends(writer)])
def change_item(item_id: int, item: ItemIn):
    store.items[item_id] = {"id": item_id, **item.model_dump()}
    return store.items[item_id]

@router.delete("/{item_id}", status_code=204, dependencies=[Depends(writer)])
def delete_item(item_id: int):
    store.items.pop(item_id, None)
