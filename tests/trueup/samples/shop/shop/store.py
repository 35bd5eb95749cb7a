items = {1: {"id": 1, "name": "Lamp", "price": 19.9, "stock": 3}, 2: {"id": 2, "name": "Chair", "price": 45.0, "stock": 12}}
orders = {}
